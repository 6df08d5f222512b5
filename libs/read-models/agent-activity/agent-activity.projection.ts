import type { Projection, ReadModelWriter } from '#runtime/projection';
import { toEpochMs } from '#domain';
import { eventOf, tenantOf } from '../recorded.js';

/** What is older than the longest window asked for, with an hour to spare, is of no interest. */
const KEEP_SECONDS = 25 * 3600;

interface Bucket {
  second: number;
  count: number;
  amount: number;
}

/**
 * How many payments an agent began and for how much, as running totals that end with each second in which it began
 * one: any window is the difference of two rows, however much happened in it.
 */
export const agentActivityProjection: Projection = {
  name: 'agent_activity',
  version: 1,
  tables: `
    CREATE TABLE agent_activity (
      tenant TEXT NOT NULL,
      agent TEXT NOT NULL,
      currency TEXT NOT NULL,
      -- Since the Unix epoch.
      second INTEGER NOT NULL,
      -- Totals since the beginning: before this second, and with it.
      count_before INTEGER NOT NULL,
      amount_before INTEGER NOT NULL,
      count INTEGER NOT NULL,
      amount INTEGER NOT NULL,
      PRIMARY KEY (tenant, agent, currency, second)
    ) STRICT, WITHOUT ROWID`,
  project(db, recorded) {
    const event = eventOf('payment_intent', recorded);
    // From its first attempt on: what was refused before is no activity, and a payment is never in its own way.
    if (event?.type !== 'AttemptStarted' || event.data.number !== 1) return;
    const { agent, currency, amountMinor, at } = event.data;
    add(db, [tenantOf(recorded), agent, currency], Math.floor(toEpochMs(at) / 1000), amountMinor);
  },
};

function add(
  db: ReadModelWriter,
  key: [tenant: string, agent: string, currency: string],
  second: number,
  amount: number,
): void {
  const last = db.get<Bucket>(
    `SELECT second, count, amount FROM agent_activity
     WHERE tenant = ? AND agent = ? AND currency = ? ORDER BY second DESC LIMIT 1`,
    ...key,
  );
  // Clocks of several processes may disagree: what comes late counts in the newest second.
  if (last && last.second >= second) {
    db.run(
      `UPDATE agent_activity SET count = count + 1, amount = amount + ?
       WHERE tenant = ? AND agent = ? AND currency = ? AND second = ?`,
      amount,
      ...key,
      last.second,
    );
    return;
  }
  const before = last ?? { count: 0, amount: 0 };
  db.run(
    `INSERT INTO agent_activity (tenant, agent, currency, second, count_before, amount_before, count, amount)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ...key,
    second,
    before.count,
    before.amount,
    before.count + 1,
    before.amount + amount,
  );
  db.run(
    'DELETE FROM agent_activity WHERE tenant = ? AND agent = ? AND currency = ? AND second < ?',
    ...key,
    second - KEEP_SECONDS,
  );
}

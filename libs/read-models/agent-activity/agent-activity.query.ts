import type { AgentActivity } from '#contracts';
import type { ReadModelReader } from '#runtime/projection';

interface Totals {
  count: number;
  amount: number;
}

interface Whose {
  tenant: string;
  agent: string;
  currency: string;
}

/** Payments begun in the last minute, hour and day before `nowMs`, each window up to a second longer than it says. */
export function agentActivity(db: ReadModelReader, whose: Whose, nowMs: number): AgentActivity {
  const second = Math.floor(nowMs / 1000);
  const day = since(db, whose, second - 86_400);
  return {
    countLastMinute: since(db, whose, second - 60).count,
    countLastHour: since(db, whose, second - 3600).count,
    countLastDay: day.count,
    amountLastDayMinor: day.amount,
  };
}

function since(db: ReadModelReader, { tenant, agent, currency }: Whose, second: number): Totals {
  const key = [tenant, agent, currency] as const;
  const first = db.get<Totals>(
    `SELECT count_before AS count, amount_before AS amount FROM agent_activity
     WHERE tenant = ? AND agent = ? AND currency = ? AND second >= ? ORDER BY second LIMIT 1`,
    ...key,
    second,
  );
  const last = db.get<Totals>(
    `SELECT count, amount FROM agent_activity
     WHERE tenant = ? AND agent = ? AND currency = ? ORDER BY second DESC LIMIT 1`,
    ...key,
  );
  if (!first || !last) return { count: 0, amount: 0 };
  return { count: last.count - first.count, amount: last.amount - first.amount };
}

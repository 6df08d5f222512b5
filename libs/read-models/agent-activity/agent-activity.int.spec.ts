import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RecordedEvent } from '#event-store';
import { ReadModelDatabase } from '#runtime/projection';
import { openDatabase } from '#sqlite';
import { agentActivityProjection } from './agent-activity.projection.js';
import { agentActivity } from './agent-activity.query.js';

const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const DAY_MS = 86_400_000;
let folder: string;
let db: ReadModelDatabase;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-activity-'));
  db = new ReadModelDatabase(openDatabase(join(folder, 'a.db'), { synchronous: 'NORMAL' }));
  db.define(agentActivityProjection.tables);
});

afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

function attempted(
  agent: string,
  currency: string,
  amountMinor: number,
  atMs: number,
  number = 1,
): RecordedEvent {
  const at = new Date(atMs).toISOString();
  const data = { number, agent, currency, amountMinor, at };
  const metadata = { tenant: 'tnt_1' };
  const event = { stream: 'payment_intent-p', type: 'AttemptStarted', data, metadata };
  return event as unknown as RecordedEvent;
}

it('counts what a plain list of payments would, up to the second, for any rhythm', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          gapMs: fc.oneof(
            fc.integer({ min: 0, max: 900 }),
            fc.integer({ min: 0, max: DAY_MS / 3 }),
          ),
          amount: fc.integer({ min: 1, max: 1_000_000 }),
          currency: fc.constantFrom('USD', 'JPY'),
        }),
        { maxLength: 60 },
      ),
      fc.integer({ min: 0, max: 100_000 }),
      (payments, laterMs) => {
        db.run('DELETE FROM agent_activity');
        let atMs = T0;
        const all = payments.map(({ gapMs, ...payment }) => ({
          ...payment,
          atMs: (atMs += gapMs),
        }));
        for (const { currency, amount, atMs: at } of all)
          agentActivityProjection.project(db, attempted('agt_1', currency, amount, at));
        const nowMs = atMs + laterMs;
        const within = (windowMs: number) =>
          all.filter(
            ({ currency, atMs: at }) =>
              currency === 'USD' &&
              Math.floor(at / 1000) >= Math.floor(nowMs / 1000) - windowMs / 1000,
          );
        const whose = { tenant: 'tnt_1', agent: 'agt_1', currency: 'USD' };
        expect(agentActivity(db, whose, nowMs)).toEqual({
          countLastMinute: within(60_000).length,
          countLastHour: within(3_600_000).length,
          countLastDay: within(DAY_MS).length,
          amountLastDayMinor: within(DAY_MS).reduce((sum, { amount }) => sum + amount, 0),
        });
      },
    ),
    { numRuns: 200 },
  );
});

it('counts what comes late in the newest second, and keeps agents and tenants apart', () => {
  for (const at of [T0, T0 + 5_000, T0 + 2_000])
    agentActivityProjection.project(db, attempted('agt_1', 'USD', 10, at));
  const counts = (tenant: string, agent: string) =>
    agentActivity(db, { tenant, agent, currency: 'USD' }, T0 + 6_000).countLastMinute;
  expect(counts('tnt_1', 'agt_1')).toBe(3);
  expect(counts('tnt_1', 'agt_2')).toBe(0);
  expect(counts('tnt_2', 'agt_1')).toBe(0);
});

it('counts a payment once, however many attempts it takes', () => {
  for (const number of [1, 2, 3])
    agentActivityProjection.project(db, attempted('agt_1', 'USD', 10, T0, number));
  const whose = { tenant: 'tnt_1', agent: 'agt_1', currency: 'USD' };
  expect(agentActivity(db, whose, T0)).toMatchObject({ countLastDay: 1, amountLastDayMinor: 10 });
});

it('forgets what no window reaches any more', () => {
  for (let day = 0; day < 5; day += 1)
    agentActivityProjection.project(db, attempted('agt_1', 'USD', 10, T0 + day * 2 * DAY_MS));
  expect(db.all('SELECT * FROM agent_activity')).toHaveLength(1);
});

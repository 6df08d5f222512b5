import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ReadModelReader } from '#runtime/projection';
import {
  encodeCursor,
  ledgerEntries,
  listPayments,
  toldOf,
  toldTo,
  toldWhom,
  worldEvents,
} from './index.js';
import { readModels } from './read-models.fixture.js';

/** Nothing here has a size or a time: the plan of a question says what it reads of a table, however long that is. */

let world: ReturnType<typeof readModels>;
beforeAll(() => {
  world = readModels();
});
afterAll(() => world.close());

async function plansOf(ask: (db: ReadModelReader) => unknown): Promise<string[]> {
  const reader = await world.reader();
  const plans: string[] = [];
  ask({
    get: (sql, ...values) => reader.get(sql, ...values),
    all: (sql, ...values) => {
      const steps = reader.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values);
      plans.push(steps.map(({ detail }) => detail).join('; '));
      return reader.all(sql, ...values);
    },
  });
  return plans;
}

const page = { tenant: 'tnt_1', limit: 10, cursor: null };
const entries = { ...page, paymentIntent: null, account: null };
const payments = {
  ...{ ...page, agent: null, status: null, payee: null },
  ...{ createdAfter: null, createdBefore: null },
};
const whose = { tenant: 'tnt_1', agent: null };
const LEDGER_CURSOR = encodeCursor([7, 1]);
const PAYMENTS_CURSOR = encodeCursor(['2026-01-01T00:00:00.000Z', 'pi_1']);

it.each<[string, (db: ReadModelReader) => unknown, RegExp]>([
  [
    'who has something new, from what they know on',
    (db) => toldWhom(db, 7),
    /^SEARCH world_events USING INTEGER PRIMARY KEY \(rowid>\?\)/,
  ],
  [
    'what is new for one of them, from what it knows on',
    (db) => toldTo(db, whose, 7, 10),
    /\(tenant=\? AND position>\?\)$/,
  ],
  [
    'some events, by their ids',
    (db) => toldOf(db, whose, ['evt_1', 'evt_2']),
    /^SEARCH world_events USING INDEX world_events_by_id \(id=\?\)/,
  ],
  [
    'the events of an agent, by the agent',
    (db) => worldEvents(db, { tenant: 'tnt_1', agent: 'agt_1', after: null, limit: 10 }),
    /\(tenant=\? AND agent=\? AND position>\?\)$/,
  ],
  [
    'the postings of a payment, by the payment',
    (db) => ledgerEntries(db, { ...entries, paymentIntent: 'pi_1' }),
    /\(tenant=\? AND payment_intent=\?\)$/,
  ],
  [
    'the next postings of a payment, after the last one',
    (db) => ledgerEntries(db, { ...entries, paymentIntent: 'pi_1', cursor: LEDGER_CURSOR }),
    /\(tenant=\? AND payment_intent=\? AND \(position,line\)<\(\?,\?\)\)$/,
  ],
  [
    'the postings of an account, by the account',
    (db) => ledgerEntries(db, { ...entries, account: 'clearing' }),
    /\(tenant=\? AND account=\?\)$/,
  ],
  [
    'all postings, in their order',
    (db) => ledgerEntries(db, { ...entries, cursor: LEDGER_CURSOR }),
    /\(tenant=\? AND \(position,line\)<\(\?,\?\)\)$/,
  ],
  [
    'the payments of a status, by the status',
    (db) => listPayments(db, { ...payments, status: 'processing' }),
    /\(tenant=\? AND status=\?\)$/,
  ],
  [
    'the payments of an agent, by the agent',
    (db) => listPayments(db, { ...payments, agent: 'agt_1', cursor: PAYMENTS_CURSOR }),
    /\(tenant=\? AND agent=\? AND \(created_at,id\)<\(\?,\?\)\)$/,
  ],
  [
    'the payments of a payee, by the payee',
    (db) => listPayments(db, { ...payments, payee: 'acme' }),
    /\(tenant=\? AND payee=\?\)$/,
  ],
])('the read models find %s', async (_what, ask, plan) => {
  expect(await plansOf(ask)).toEqual([expect.stringMatching(plan)]);
});

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorldEvent } from '#contracts';
import { readModels } from '../read-models.fixture.js';
import { toldAfter, worldEvents } from './world-events.query.js';

const AT = '2026-01-01T00:00:00.000Z';
type Recorded = { type: string; data: object };

function requested(id: string, whose: { tenant?: string; agent?: string } = {}): Recorded {
  const request = {
    ...{ amount: 4200, currency: 'USD', payee: { id: 'acme' }, order_reference: 'PO-1' },
    payment_method: 'pm_1',
  };
  const data = { id, tenant: 'tnt_1', agent: 'agt_1', mandate: null, request, at: AT };
  return { type: 'PaymentIntentRequested', data: { ...data, ...whose } };
}
const SUCCEEDED: Recorded = {
  type: 'PaymentSucceeded',
  data: { mandate: null, spentMinor: 1, at: AT },
};
/** What may happen to a payment, in any order: bookkeeping, a later version's, and what the world is told. */
const HAPPENINGS: Recorded[] = [
  SUCCEEDED,
  { type: 'RouteChosen', data: { candidates: [], at: AT } },
  { type: 'RequestConcluded', data: { status: 201, body: '{}', at: AT } },
  { type: 'PaymentParked', data: { number: 1, reason: 'unknown', at: AT } },
  { type: 'PaymentUnparked', data: { operation: 'o', by: 'op', at: AT } },
  { type: 'SomethingOfALaterVersion', data: { at: AT } },
];

let world: ReturnType<typeof readModels>;
beforeEach(() => {
  world = readModels();
});
afterEach(() => world.close());

async function told(): Promise<WorldEvent[]> {
  const rows = toldAfter(await world.reader(), -1, 10_000);
  return rows.map(({ body }) => JSON.parse(body) as WorldEvent);
}

describe('what the world is told', () => {
  it('is numbered for each payment from 1 without a gap, however the payments interleave', async () => {
    let run = 0;
    const history = fc.array(
      fc.record({ payment: fc.nat(3), what: fc.constantFrom(...HAPPENINGS) }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        run += 1;
        const streamOf = (payment: number) => `payment_intent-r${run}p${payment}`;
        for (const payment of [0, 1, 2, 3])
          await world.append(streamOf(payment), [requested(`r${run}p${payment}`)]);
        for (const { payment, what } of steps) await world.append(streamOf(payment), [what]);
        const mine = (await told()).filter(({ subject }) => subject.startsWith(`pi_r${run}p`));
        for (const payment of [0, 1, 2, 3]) {
          const numbers = mine
            .filter(({ subject }) => subject === `pi_r${run}p${payment}`)
            .map(({ sequence }) => sequence);
          expect(numbers).toEqual(numbers.map((_, index) => index + 1));
        }
        const meant = steps.filter(({ what }) => /^Payment/.test(what.type));
        expect(mine).toHaveLength(4 + meant.length);
      }),
      { numRuns: 25 },
    );
  });

  it('is the same of the same log in every process, and after a rebuild', async () => {
    await world.append('payment_intent-p1', [requested('p1'), SUCCEEDED]);
    await world.append('payment_intent-p2', [requested('p2')]);
    await world.append('payment_intent-p1', [HAPPENINGS[3]!, HAPPENINGS[1]!]);
    const rows = toldAfter(await world.reader(), -1, 100);
    expect(rows).toHaveLength(4);
    const other = readModels(world.store);
    try {
      expect(toldAfter(await other.reader(), -1, 100)).toEqual(rows);
      const [rebuilt] = await world.runtime.rebuild('world_events');
      expect(rebuilt).toMatchObject({ rows: rebuilt?.before.rows, sha256: rebuilt?.before.sha256 });
      expect(toldAfter(await world.reader(), -1, 100)).toEqual(rows);
    } finally {
      await other.close();
    }
  });

  it('is in the order of the log, and goes on after any event', async () => {
    for (const id of ['p1', 'p2', 'p3'])
      await world.append(`payment_intent-${id}`, [requested(id)]);
    const reader = await world.reader();
    const all = toldAfter(reader, -1, 100);
    expect(toldAfter(reader, all[0]!.position, 1)).toEqual([all[1]]);
    expect(toldAfter(reader, all[2]!.position, 10)).toEqual([]);

    const asked = { tenant: 'tnt_1', agent: null };
    const first = worldEvents(reader, { ...asked, after: null, limit: 2 });
    expect(first.data.map(({ subject }) => subject)).toEqual(['pi_p1', 'pi_p2']);
    expect(first.next_cursor).toBe(all[1]?.id);
    const second = worldEvents(reader, { ...asked, after: first.next_cursor, limit: 2 });
    expect(second).toEqual({ data: [JSON.parse(all[2]!.body)], next_cursor: null });
    // Nothing more yet: the same question brings what comes later.
    expect(worldEvents(reader, { ...asked, after: all[2]!.id, limit: 2 }).data).toEqual([]);
    await world.append('payment_intent-p1', [SUCCEEDED]);
    const later = worldEvents(await world.reader(), { ...asked, after: all[2]!.id, limit: 2 });
    expect(later.data).toMatchObject([{ type: 'payment_intent.succeeded', sequence: 2 }]);
  });

  it('is for people of the tenant, and for agents about their own payments', async () => {
    await world.append('payment_intent-p1', [requested('p1')]);
    await world.append('payment_intent-p2', [requested('p2', { agent: 'agt_2' })]);
    await world.append('payment_intent-p3', [requested('p3', { tenant: 'tnt_2' })]);
    const reader = await world.reader();
    const seen = (tenant: string, agent: string | null, after: string | null = null) =>
      worldEvents(reader, { tenant, agent, after, limit: 10 }).data.map(({ subject }) => subject);
    expect(seen('tnt_1', null)).toEqual(['pi_p1', 'pi_p2']);
    expect(seen('tnt_1', 'agt_1')).toEqual(['pi_p1']);
    expect(seen('tnt_2', 'agt_1')).toEqual(['pi_p3']);
    expect(seen('tnt_2', 'agt_2')).toEqual([]);
    // Nobody learns by a cursor what others have.
    const [own, others] = toldAfter(reader, -1, 2).map(({ id }) => id);
    expect(seen('tnt_1', 'agt_1', own)).toEqual([]);
    expect(() => seen('tnt_1', 'agt_1', others)).toThrow('invalid_cursor');
    expect(() => seen('tnt_2', null, own)).toThrow('invalid_cursor');
    expect(() => seen('tnt_1', null, 'evt_nonsense')).toThrow('invalid_cursor');
  });
});

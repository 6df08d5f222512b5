import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModels } from '../read-models.fixture.js';
import { findRecords, reconciliationReached, recordsOfProcessor } from './processor-books.query.js';

const ATMS = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(ATMS + seconds * 1_000).toISOString();
const MONEY = { amountMinor: 4_200, currency: 'EUR' };
const ALWAYS = { fromMs: 0, toMs: Date.UTC(2030, 0, 1) };

let world: ReturnType<typeof readModels>;
beforeEach(() => {
  world = readModels();
});
afterEach(() => world.close());

const started = (id: string, seconds = 0, changes: object = {}) => ({
  type: 'AttemptStarted',
  data: {
    ...{ number: 1, agent: 'agt_1', processor: 'one', key: `${id}-1` },
    ...{ ...MONEY, at: at(seconds), ...changes },
  },
});
const authorized = {
  type: 'PaymentAuthorized',
  data: { number: 1, processor: 'one', reference: 'ch_1', ...MONEY, at: at(1) },
};
const event = (type: string, seconds: number, data: object = {}) => ({
  type,
  data: { number: 1, ...data, at: at(seconds) },
});
const captured = event('PaymentCaptured', 2, { reference: 'ch_1', ...MONEY, amountMinor: 4_000 });
const refundStarted = event('RefundStarted', 3, {
  ...{ refund: 'o1', sequence: 1, amountMinor: 1_000, currency: 'EUR', reason: 'r' },
  call: { processor: 'one', refund: { key: 'p1-1-r1', reference: null } },
});

const append = (id: string, events: { type: string; data: object }[]) =>
  world.append(`payment_intent-${id}`, events);
const recorded = async (limit = 10, cursor: string | null = null, window = ALWAYS) =>
  recordsOfProcessor(await world.reader(), { processor: 'one', window, cursor, limit });
const states = async () =>
  (await recorded()).records.map(({ key, state, open }) => [key, state, open]);

describe('what a processor must have on its books', () => {
  it('is a charge with all that is known of it', async () => {
    await append('p1', [started('p1'), authorized, captured]);
    expect((await recorded()).records).toEqual([
      {
        ...{ subject: 'charge', key: 'p1-1', reference: 'ch_1', tenant: 'tnt_1', payment: 'pi_p1' },
        ...{ state: 'captured', amountMinor: 4_000, currency: 'EUR', open: false },
        ...{ atMs: ATMS, knownAtMs: ATMS + 1_000, changedAtMs: ATMS + 2_000 },
      },
    ]);
  });

  it.each([
    [[], 'none', true],
    [[event('AttemptPrepared', 1, { reference: 'ch_1' })], 'none', true],
    [[event('AttemptDeclined', 1)], 'none', false],
    [[event('AttemptNotExecuted', 1)], 'none', false],
    [[event('AttemptFenced', 1)], 'none', false],
    [[event('OutcomeUnknown', 1)], 'none', true],
    [[authorized], 'held', false],
    [[authorized, event('CaptureStarted', 2, MONEY)], 'held', true],
    [[authorized, event('VoidStarted', 2)], 'held', true],
    [
      [authorized, event('VoidStarted', 2), event('AuthorizationVoided', 3, MONEY)],
      'voided',
      false,
    ],
    [[authorized, event('CaptureStarted', 2, MONEY), captured], 'captured', false],
  ])('after %j is %s', async (events, state, open) => {
    await append('p1', [started('p1'), ...events]);
    expect(await states()).toEqual([['p1-1', state, open]]);
  });

  it.each([
    [[], 'pending', true],
    [[event('RefundAccepted', 4, { refund: 'o1', reference: 're_1' })], 'pending', true],
    [[event('RefundSucceeded', 4, { refund: 'o1', reference: 're_1' })], 'returned', false],
    [[event('RefundFailed', 4, { refund: 'o1' })], 'failed', false],
  ])('is a refund, too, which after %j is %s', async (events, state, open) => {
    await append('p1', [started('p1'), authorized, captured, refundStarted, ...events]);
    expect(await states()).toEqual([
      ['p1-1', 'captured', false],
      ['p1-1-r1', state, open],
    ]);
  });

  it('is nothing of another processor', async () => {
    await append('p1', [
      started('p1'),
      started('p1', 1, { number: 2, processor: 'two', key: 'p1-2' }),
    ]);
    expect(await states()).toEqual([['p1-1', 'none', true]]);
  });

  it('comes a page at a time, in the order of time, and only of the window', async () => {
    for (const [index, id] of ['c', 'a', 'b', 'd'].entries())
      await append(id, [started(id, index >> 1)]);
    const first = await recorded(3);
    const rest = await recorded(3, first.next);
    const keys = [...first.records, ...rest.records].map(({ key }) => key);
    expect(keys).toEqual(['a-1', 'c-1', 'b-1', 'd-1']);
    expect(rest.next).toBeNull();
    const window = { fromMs: ATMS + 1_000, toMs: ATMS + 1_001 };
    expect((await recorded(9, null, window)).records.map(({ key }) => key)).toEqual(['b-1', 'd-1']);
  });

  it('is found by key and by reference, once', async () => {
    await append('p1', [started('p1'), authorized]);
    await append('p2', [started('p2')]);
    const db = await world.reader();
    const asked = { processor: 'one', keys: ['p1-1', 'p2-1', 'p9-1'], references: ['ch_1'] };
    expect(findRecords(db, asked).map(({ key }) => key)).toEqual(['p1-1', 'p2-1']);
    expect(findRecords(db, { ...asked, processor: 'two' })).toEqual([]);
  });
});

describe('how far the books were compared', () => {
  it('is where the last comparison ended', async () => {
    const processor = 'one';
    expect(reconciliationReached(await world.reader(), { processor })).toEqual({
      reachedMs: null,
      sinceMs: null,
    });
    await append('p1', [started('p1', 5)]);
    for (const to of [at(10), at(20)])
      await world.append('processor_account-one', [
        { type: 'ReconciliationCompleted', data: { processor, to } },
      ]);
    expect(reconciliationReached(await world.reader(), { processor })).toEqual({
      reachedMs: ATMS + 20_000,
      sinceMs: ATMS + 5_000,
    });
  });
});

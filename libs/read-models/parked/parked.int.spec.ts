import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModels } from '../read-models.fixture.js';
import { parkedItems } from './parked.query.js';

const AT = '2026-01-01T00:00:00.000Z';
const STREAM = 'payment_intent-p1';

let world: ReturnType<typeof readModels>;
beforeEach(() => {
  world = readModels();
});
afterEach(() => world.close());

const parked = (reason: string, about: { number: number | null; refund?: string }) => ({
  type: 'PaymentParked',
  data: { ...about, reason, at: AT },
});
const CALL = parked('authorize_unknown_past_safe_retry', { number: 1 });
const REFUND = parked('refund_unknown_past_safe_retry', { number: 1, refund: 'o1' });
const RESERVATION = parked('reservation_confirm_refused', { number: null });
const ALL = [CALL, REFUND, RESERVATION];

const lineOf = { call: 'attempt 1', refund: 'refund rf_o1', reservation: 'the merchant' };

/** What they wait for, the newest first. */
async function waiting(): Promise<unknown[]> {
  const asked = { tenant: 'tnt_1', limit: 10, cursor: null };
  const { data } = parkedItems(await world.reader(), asked);
  return data.map(({ detail }) => detail);
}

describe('a payment that waits for a human', () => {
  it('says for each thing it waits for what it is, and why', async () => {
    await world.append(STREAM, ALL);
    const { data } = parkedItems(await world.reader(), {
      tenant: 'tnt_1',
      limit: 10,
      cursor: null,
    });
    expect(data.map(({ id, reason, detail }) => [id, reason, detail])).toEqual([
      ['pi_p1', 'reservation_confirm_refused', lineOf.reservation],
      ['pi_p1', 'refund_unknown_past_safe_retry', lineOf.refund],
      ['pi_p1', 'authorize_unknown_past_safe_retry', lineOf.call],
    ]);
  });

  it('for a refund or a reservation goes on doing so when the payment ends', async () => {
    await world.append(STREAM, [REFUND, RESERVATION]);
    const over = { mandate: null, spentMinor: 1, at: AT };
    await world.append(STREAM, [{ type: 'PaymentSucceeded', data: over }]);
    expect(await waiting()).toEqual([lineOf.reservation, lineOf.refund]);
  });

  it.each([
    ['RefundAccepted', { refund: 'o1', reference: 're_1' }],
    ['RefundSucceeded', { refund: 'o1', number: 1 }],
    ['RefundFailed', { refund: 'o1', code: 'x', message: null }],
  ])('for a refund is done with it after %s, and with nothing else', async (type, data) => {
    await world.append(STREAM, [...ALL, { type, data: { ...data, at: AT } }]);
    expect(await waiting()).toEqual([lineOf.reservation, lineOf.call]);
  });

  it('for a refund is not done with it when another refund is made', async () => {
    const made = { refund: 'o2', number: 1, at: AT };
    await world.append(STREAM, [REFUND, { type: 'RefundSucceeded', data: made }]);
    expect(await waiting()).toEqual([lineOf.refund]);
  });

  it.each(['ReservationConfirmed', 'ReservationReleased'])(
    'for its reservation is done with it after %s, and with nothing else',
    async (type) => {
      await world.append(STREAM, [...ALL, { type, data: { at: AT } }]);
      expect(await waiting()).toEqual([lineOf.refund, lineOf.call]);
    },
  );

  it('is looked at as a whole by an operator, but for what it says against itself', async () => {
    const contradicted = { number: 1, recorded: 'fenced', reported: 'succeeded ch_1', at: AT };
    await world.append(STREAM, [...ALL, { type: 'OutcomeContradicted', data: contradicted }]);
    await world.append('payment_intent-p2', [CALL]);
    const unparked = { operation: 'o3', by: 'k1', at: AT };
    await world.append(STREAM, [{ type: 'PaymentUnparked', data: unparked }]);
    expect(await waiting()).toEqual([
      lineOf.call,
      'attempt 1: recorded fenced, reported succeeded ch_1',
    ]);
  });
});

import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import Stripe from 'stripe';
import { describe, expect, it } from 'vitest';
import { createStripeNoticeReader } from './index.js';
import {
  wireActionRequired,
  wireCanceled,
  wireCaptured,
  wireCharge,
  wireDeclined,
  wireIntent,
  wireRefund,
  type Wire,
} from './stripe.fixture.js';

/** More for a long run. */
const CHANGED = Number(process.env['WEBHOOKS_CHANGED'] ?? 1_000);
const SECRET = 'whsec_0123456789abcdef0123456789abcdef';
const OLD_SECRET = 'whsec_fedcba9876543210fedcba9876543210';
const AT_S = 1_900_000_000;
const NOW_MS = AT_S * 1_000 + 500;

const reader = createStripeNoticeReader({ name: 'stripe', secrets: [SECRET, OLD_SECRET] });

const event = (type: string, object: unknown, changes: Wire = {}): Wire => ({
  ...{ id: 'evt_1', object: 'event', created: AT_S - 60, type, data: { object } },
  ...changes,
});

const bytesOf = (body: unknown) =>
  Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

function signatureOf(body: Uint8Array, secret = SECRET, time: number | string = AT_S): string {
  const v1 = createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex');
  return `t=${time},v1=${v1}`;
}

const read = (body: Uint8Array, signature: string | undefined, nowMs = NOW_MS) =>
  reader.read(body, { 'stripe-signature': signature }, nowMs);

const noticed = (body: unknown) => read(bytesOf(body), signatureOf(bytesOf(body)));

function meaningOf(type: string, object: unknown) {
  const reading = noticed(event(type, object));
  if (!reading.ok) throw new Error(reading.code);
  const [notice, ...others] = reading.notices;
  expect(others).toEqual([]);
  return notice?.meaning;
}

const INVALID = { ok: false, code: 'signature_invalid' };
const NOTHING = { about: 'nothing' };
const SUCCEEDED = { kind: 'succeeded', reference: 'pi_1', amountMinor: 4_200, currency: 'EUR' };

describe('a webhook of Stripe', () => {
  const body = bytesOf(event('payment_intent.succeeded', wireCaptured()));

  it('is believed when it is signed, with the old secret, too, while it is replaced', () => {
    for (const secret of [SECRET, OLD_SECRET]) {
      expect(read(body, signatureOf(body, secret))).toMatchObject({ ok: true });
    }
  });

  it('is believed by any one of several signatures', () => {
    const [time, right] = signatureOf(body).split(',');
    const wrong = `v1=${'0'.repeat(64)}`;
    expect(read(body, [time, wrong, right, 'v0=x'].join(','))).toMatchObject({ ok: true });
  });

  it("is believed exactly when Stripe's own package believes it", () => {
    const stripe = new Stripe('sk_test_x', { telemetry: false });
    const payload = body.toString();
    const header = stripe.webhooks.generateTestHeaderString({
      ...{ payload, secret: SECRET, timestamp: AT_S },
    });
    expect(read(body, header)).toMatchObject({ ok: true });
    const verify = (signature: string) =>
      Stripe.webhooks.signature?.verifyHeader(payload, signature, SECRET, 300, undefined, NOW_MS);
    expect(verify(signatureOf(body))).toBe(true);
  });

  it.each([
    ['no signature', undefined],
    ['an empty one', ''],
    ['no time', signatureOf(body).split(',')[1]],
    ['two times', `t=${AT_S},${signatureOf(body)}`],
    ['no v1', `t=${AT_S}`],
    ['another scheme', signatureOf(body).replace('v1=', 'v0=')],
    ['another secret', signatureOf(body, 'whsec_of_somebody_else_entirely')],
    ['another time', signatureOf(body).replace(String(AT_S), String(AT_S + 1))],
    ['a time that is none', signatureOf(body, SECRET, 'NaN')],
    ['a time with a fraction', signatureOf(body, SECRET, `${AT_S}.0`)],
    ['capital letters', signatureOf(body).toUpperCase().replace('T=', 't=').replace('V1=', 'v1=')],
    ['half a signature', signatureOf(body).slice(0, -32)],
    ['a signature of the empty body', signatureOf(Buffer.alloc(0))],
    ['a very long header', `${'x'.repeat(100_000)},${signatureOf(body)}`],
  ])('with %s is refused', (_, signature) => {
    expect(read(body, signature)).toEqual(INVALID);
  });

  it.each([-301, 301])('signed %d seconds from now is refused, as a replay is', (offset) => {
    expect(read(body, signatureOf(body), (AT_S + offset) * 1_000)).toEqual(INVALID);
    const within = (AT_S + offset - Math.sign(offset)) * 1_000;
    expect(read(body, signatureOf(body), within)).toMatchObject({ ok: true });
  });

  it('is refused when any one bit of its body was changed', () => {
    const signature = signatureOf(body);
    const flipped = Buffer.from(body);
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(read(flipped, signature).ok).toBe(false);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(read(flipped, signature).ok).toBe(true);
  });

  it('is refused when any one bit of its signature was changed, in tens of thousands of them', () => {
    let refused = 0;
    for (let number = 0; number < 40; number += 1) {
      const each = bytesOf(event('payment_intent.succeeded', wireCaptured(), { number }));
      const header = Buffer.from(signatureOf(each));
      for (let bit = 0; bit < header.length * 8; bit += 1) {
        header[bit >> 3]! ^= 1 << (bit & 7);
        if (!read(each, header.toString('latin1')).ok) refused += 1;
        header[bit >> 3]! ^= 1 << (bit & 7);
      }
    }
    expect(refused).toBe(40 * 8 * signatureOf(body).length);
  });

  it(`is refused with any one bit changed, ${CHANGED} bodies and as many signatures and replays`, () => {
    let believed = 0;
    for (let count = 0; count < CHANGED; count += 1) {
      const number = Math.floor(count / 64);
      const each = bytesOf(event('payment_intent.succeeded', wireCaptured(), { number }));
      const header = signatureOf(each);
      const flip = (bytes: Buffer, nth: number) => {
        const bit = (nth * 7_919) % (bytes.length * 8);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        return bytes;
      };
      const outsideMs = (301 + count) * (count % 2 === 0 ? 1_000 : -1_000);
      if (read(flip(Buffer.from(each), count), header).ok) believed += 1;
      if (read(each, flip(Buffer.from(header), count).toString('latin1')).ok) believed += 1;
      if (read(each, header, AT_S * 1_000 + outsideMs).ok) believed += 1;
      if (!read(each, header).ok) believed += 1;
    }
    expect(believed).toBe(0);
  });

  it('is refused when it is cut, or something is added', () => {
    const signature = signatureOf(body);
    for (let length = 0; length < body.length; length += 1) {
      expect(read(body.subarray(0, length), signature)).toEqual(INVALID);
    }
    for (const more of [' ', '\n', '\uFEFF']) {
      expect(read(Buffer.concat([body, Buffer.from(more)]), signature)).toEqual(INVALID);
      expect(read(Buffer.concat([Buffer.from(more), body]), signature)).toEqual(INVALID);
    }
  });

  it('is malformed when it is too large to be one, whoever signed it', () => {
    const large = Buffer.alloc(300 * 1_024, ' ');
    expect(read(large, signatureOf(large))).toEqual({ ok: false, code: 'malformed' });
  });

  it('needs a secret', () => {
    for (const secrets of [[], [''], ['   '], ['short'], [SECRET, '']]) {
      expect(() => createStripeNoticeReader({ name: 'stripe', secrets })).toThrow('signing secret');
    }
  });
});

describe('an event', () => {
  it('says what, when and about which attempt', () => {
    const canceledAt = event('payment_intent.succeeded', wireCaptured());
    expect(noticed(canceledAt)).toEqual({
      ok: true,
      notices: [
        {
          id: 'evt_1',
          type: 'payment_intent.succeeded',
          at: new Date((AT_S - 60) * 1_000).toISOString(),
          attemptKey: 'abc-1',
          reference: 'pi_1',
          meaning: { about: 'capture', outcome: SUCCEEDED },
        },
      ],
    });
  });

  it.each([
    ['amount_capturable_updated', wireIntent(), { about: 'authorize', outcome: SUCCEEDED }],
    ['succeeded', wireCaptured(), { about: 'capture', outcome: SUCCEEDED }],
    [
      'payment_failed',
      wireDeclined(),
      {
        about: 'authorize',
        outcome: {
          ...{ kind: 'declined', category: 'soft', code: 'insufficient_funds', reference: 'pi_1' },
          message: 'Your card has insufficient funds.',
        },
      },
    ],
    [
      'requires_action',
      wireActionRequired(),
      {
        about: 'authorize',
        outcome: {
          ...{ kind: 'action_required', reference: 'pi_1' },
          url: 'https://hooks.stripe.example/3d',
        },
      },
    ],
    [
      'canceled',
      wireCanceled(),
      { about: 'authorize', outcome: { kind: 'fenced', evidence: 'payment_intent_canceled' } },
    ],
    [
      'canceled',
      wireCanceled({ last_payment_error: { code: 'expired_card' }, latest_charge: 'ch_1' }),
      { about: 'authorize', outcome: { kind: 'fenced', evidence: 'payment_intent_canceled' } },
    ],
    [
      'canceled',
      wireCanceled({ latest_charge: 'ch_1', cancellation_reason: 'automatic' }),
      { about: 'void', outcome: SUCCEEDED },
    ],
    ['created', wireIntent({ status: 'requires_confirmation' }), NOTHING],
    ['processing', wireIntent({ status: 'processing' }), NOTHING],
    ['succeeded', wireIntent(), NOTHING],
    ['amount_capturable_updated', wireCaptured(), NOTHING],
    ['requires_action', wireActionRequired({ next_action: null }), NOTHING],
    ['payment_failed', wireDeclined({ last_payment_error: null }), NOTHING],
    ['succeeded', { id: 'pi_1' }, NOTHING],
    ['succeeded', wireCaptured({ currency: 'xxx' }), NOTHING],
  ])('payment_intent.%s means what it shows (%#)', (type, object, meaning) => {
    expect(meaningOf(`payment_intent.${type}`, object)).toEqual(meaning);
  });

  it.each([
    ['refund.created', {}, { kind: 'succeeded' }],
    ['refund.created', { status: 'pending' }, { kind: 'accepted', reference: 're_1' }],
    ['refund.updated', {}, { kind: 'succeeded' }],
    ['charge.refund.updated', {}, { kind: 'succeeded' }],
    [
      'refund.failed',
      { status: 'failed', failure_reason: 'lost_or_stolen_card' },
      { kind: 'declined', category: 'hard', code: 'lost_or_stolen_card' },
    ],
  ])('%s tells a refund by its key', (type, changes, outcome) => {
    const reading = noticed(event(type, wireRefund(changes)));
    expect(reading).toMatchObject({
      notices: [
        {
          attemptKey: 'abc-1',
          reference: 'pi_1',
          meaning: { about: 'refund', refundKey: 'abc-1-r1', outcome },
        },
      ],
    });
  });

  it('about a charge that was refunded leaves it to the refund, but says which charge', () => {
    const reading = noticed(event('charge.refunded', wireCharge({ payment_intent: 'pi_1' })));
    expect(reading).toMatchObject({ notices: [{ reference: 'pi_1', meaning: NOTHING }] });
  });

  const dispute = (changes: Wire = {}): Wire => ({
    ...{ id: 'dp_1', object: 'dispute', amount: 4_200, currency: 'eur', reason: 'fraudulent' },
    ...{ status: 'needs_response', payment_intent: 'pi_1', charge: 'ch_1' },
    evidence_details: { due_by: AT_S + 86_400 },
    ...changes,
  });

  it.each([
    ['created', 'needs_response', 'opened'],
    ['created', 'warning_needs_response', 'opened'],
    ['updated', 'needs_response', 'evidence_due'],
    ['funds_withdrawn', 'needs_response', 'evidence_due'],
    ['updated', 'under_review', 'opened'],
    ['closed', 'won', 'won'],
    ['closed', 'warning_closed', 'won'],
    ['closed', 'lost', 'lost'],
  ])('charge.dispute.%s with %s is %s', (type, status, state) => {
    const reading = noticed(event(`charge.dispute.${type}`, dispute({ status })));
    expect(reading).toMatchObject({
      notices: [
        {
          reference: 'pi_1',
          meaning: {
            about: 'dispute',
            dispute: {
              ...{ reference: 'dp_1', state, amountMinor: 4_200, currency: 'EUR' },
              reason: 'fraudulent',
              evidenceDueAt: new Date((AT_S + 86_400) * 1_000).toISOString(),
            },
          },
        },
      ],
    });
  });

  it('about a dispute in a state nobody knows, or in no state, is kept and means nothing', () => {
    for (const changes of [{ status: 'a_new_one' }, { status: 7 }, { amount: -1 }]) {
      expect(meaningOf('charge.dispute.updated', dispute(changes))).toEqual(NOTHING);
    }
    expect(meaningOf('charge.dispute.closed', dispute({ evidence_details: 7 }))).toMatchObject({
      dispute: { evidenceDueAt: null },
    });
  });

  it.each(['payout.paid', 'balance.available', 'a.type.nobody.knows', 'charge.succeeded'])(
    '%s is kept and means nothing',
    (type) => {
      expect(meaningOf(type, { object: 'whatever' })).toEqual(NOTHING);
      expect(meaningOf(type, null)).toEqual(NOTHING);
    },
  );

  it.each([
    ['not JSON'],
    ['null'],
    ['[]'],
    ['7'],
    [{ object: 'event' }],
    [{ ...event('x', {}), object: 'v2.core.event' }],
    [event('x', {}, { id: '../..' })],
    [event('Not a type', {})],
    [event('x', {}, { created: 1e300 })],
    [event('x', {}, { created: '1' })],
    ['['.repeat(100_000)],
  ])('that is none is malformed (%#)', (body) => {
    expect(noticed(body)).toEqual({ ok: false, code: 'malformed' });
  });

  it('never throws, whatever is signed', () => {
    const types = fc.constantFrom(
      ...['payment_intent.succeeded', 'payment_intent.canceled', 'refund.updated'],
      ...['charge.dispute.created', 'charge.refunded', 'payout.paid'],
    );
    const object = fc.oneof(
      fc.jsonValue(),
      fc.object({ maxDepth: 2 }).map((changes) => wireIntent(changes)),
      fc.object({ maxDepth: 2 }).map((changes) => wireRefund(changes)),
      fc.object({ maxDepth: 2 }).map((changes) => dispute(changes)),
    );
    fc.assert(
      fc.property(types, object, (type, each) => {
        expect(noticed(event(type, each))).toMatchObject({ ok: true });
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(read(bytes, signatureOf(bytes)).ok).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});

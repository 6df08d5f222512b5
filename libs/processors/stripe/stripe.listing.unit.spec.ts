import { expect, it } from 'vitest';
import { listAnswerOf, placeOf } from './stripe.listing.js';
import {
  answered,
  wireCanceled,
  wireCaptured,
  wireDeclined,
  wireIntent,
  wireRefund,
  type Wire,
} from './stripe.fixture.js';

const list = (data: unknown[], has_more = false) =>
  answered(200, { object: 'list', data, has_more });
const at = { created: 1_893_456_000 };
const atMs = 1_893_456_000_000;
const KNOWN = { currency: 'EUR', amountMinor: 4_200, atMs };
const CHARGE = { ...KNOWN, subject: 'charge', reference: 'pi_1', key: 'abc-1' };
const REFUND = { ...KNOWN, subject: 'refund', reference: 're_1', key: 'abc-1-r1' };

it.each<[Wire, object]>([
  [wireIntent(at), { state: 'held' }],
  [wireCaptured({ ...at, amount_received: 4_000 }), { state: 'captured', amountMinor: 4_000 }],
  [wireCanceled(at), { state: 'voided' }],
  [wireDeclined(at), { state: 'none' }],
  [wireIntent({ ...at, metadata: {} }), { state: 'held', key: null }],
])('an intent is a charge: %#', (wire, record) => {
  const listed = { kind: 'listed', records: [{ ...CHARGE, ...record }], next: 'refunds ' };
  expect(listAnswerOf('intents', list([wire]))).toEqual(listed);
});

it.each([
  ['succeeded', 'returned'],
  ['pending', 'pending'],
  ['requires_action', 'pending'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
])('a refund that is %s is %s', (status, state) => {
  expect(listAnswerOf('refunds', list([wireRefund({ ...at, status })]))).toEqual({
    kind: 'listed',
    records: [{ ...REFUND, state }],
    next: null,
  });
});

it('what is let go of a hold is no refund, though it may be shown as one', () => {
  const release = (intent: Wire, amount = 4_200) =>
    wireRefund({ ...at, amount, metadata: {}, payment_intent: intent });
  const part = wireCaptured({ amount_received: 4_000 });
  const releases = [release(wireCanceled()), release(part, 200)];
  expect(listAnswerOf('refunds', list(releases))).toMatchObject({ records: [] });
  const real = [release(part, 100), release(wireCaptured()), wireRefund(at)];
  expect(listAnswerOf('refunds', list(real))).toMatchObject({
    records: [{ key: null }, { key: null }, { key: 'abc-1-r1' }],
  });
});

it('goes on after the last one of a page, intents first', () => {
  expect(listAnswerOf('intents', list([wireIntent(at)], true))).toMatchObject({
    next: 'intents pi_1',
  });
  expect(listAnswerOf('refunds', list([wireRefund(at)], true))).toMatchObject({
    next: 'refunds re_1',
  });
  expect(placeOf(null)).toEqual({ of: 'intents', after: '' });
  expect(placeOf('refunds re_1')).toEqual({ of: 'refunds', after: 're_1' });
});

it.each([
  ['a failure', answered(500, ''), 'http_500'],
  ['no list', answered(200, {}), 'unreadable_answer'],
  ['an object that cannot be read', list([wireIntent(at), {}]), 'unreadable_answer'],
  ['a new status', list([wireIntent({ ...at, status: 'new' })]), 'unreadable_answer'],
  ['no instant', list([wireIntent()]), 'unreadable_answer'],
  ['more of nothing', list([], true), 'unreadable_answer'],
])('fails by %s', (_, response, evidence) => {
  expect(listAnswerOf('intents', response)).toEqual({ kind: 'failed', evidence });
});

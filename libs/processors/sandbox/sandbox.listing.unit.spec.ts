import { expect, it } from 'vitest';
import { listAnswerOf } from './sandbox.listing.js';

const created = '2030-01-01T00:00:00.000Z';
const charge = {
  ...{ object: 'charge', id: 'ch_1', status: 'captured', amount: 4_200, currency: 'EUR', created },
  ...{ merchant_reference: 'pi_1-1', amount_captured: 4_000 },
};
const answered = (status: number, body: unknown) =>
  listAnswerOf({ status, headers: {}, body: JSON.stringify(body) });
const page = (data: unknown[], next_cursor: unknown = null) => answered(200, { data, next_cursor });

it('shows what was taken, and what was meant of everything else', () => {
  const record = {
    ...{ subject: 'charge', reference: 'ch_1', key: 'pi_1-1', currency: 'EUR' },
    atMs: Date.parse(created),
  };
  const records = (changes: object) => page([{ ...charge, ...changes }], '7');
  expect(records({})).toEqual({
    kind: 'listed',
    records: [{ ...record, state: 'captured', amountMinor: 4_000 }],
    next: '7',
  });
  expect(records({ status: 'expired', merchant_reference: '' })).toMatchObject({
    records: [{ ...record, state: 'voided', amountMinor: 4_200, key: null }],
  });
});

it.each([
  ['a failure', answered(500, {}), 'http_500'],
  ['no page', answered(200, []), 'unreadable_answer'],
  ['a cursor that is none', page([], 7), 'unreadable_answer'],
  ['a charge in a new state', page([{ ...charge, status: 'new' }]), 'unreadable_answer'],
  ['a refund without a charge', page([{ ...charge, object: 'refund' }]), 'unreadable_answer'],
  ['no instant', page([{ ...charge, created: 'soon' }]), 'unreadable_answer'],
])('fails by %s', (_, answer, evidence) => {
  expect(answer).toEqual({ kind: 'failed', evidence });
});

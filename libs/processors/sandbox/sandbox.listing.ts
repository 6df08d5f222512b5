import type { BookedState, TheirRecord } from '#domain';
import type { HttpResponse } from '#platform';
import type { ListAnswer } from '../processor.port.js';
import { chargeOf, httpEvidence, isObject, parseJson, refundOf } from './sandbox.mapping.js';

const CHARGE_STATES: Readonly<Record<string, BookedState>> = {
  requires_confirmation: 'none',
  declined: 'none',
  canceled: 'none',
  authorized: 'held',
  captured: 'captured',
  refunded: 'captured',
  voided: 'voided',
  expired: 'voided',
};
const REFUND_STATES: Readonly<Record<string, BookedState>> = {
  pending: 'pending',
  succeeded: 'returned',
  failed: 'failed',
};

/** Pure: what a page of the sandbox's entries says. One that cannot be read spoils the page: nothing may be taken for missing. */
export function listAnswerOf({ status, body: text }: HttpResponse): ListAnswer {
  const body = parseJson(text);
  if (status !== 200) return failed(httpEvidence(status, body));
  if (!isObject(body) || !Array.isArray(body.data)) return failed('unreadable_answer');
  const { next_cursor: next = null } = body;
  const records = body.data.map(recordOf);
  const isReadable = next === null || typeof next === 'string';
  return isReadable && records.every((each) => each !== undefined)
    ? { kind: 'listed', records, next }
    : failed('unreadable_answer');
}

function recordOf(value: unknown): TheirRecord | undefined {
  if (!isObject(value)) return undefined;
  const atMs = typeof value.created === 'string' ? Date.parse(value.created) : NaN;
  if (Number.isNaN(atMs)) return undefined;
  if (value.object === 'refund') {
    const refund = refundOf(value);
    const state = refund && REFUND_STATES[refund.status];
    if (!state) return undefined;
    const { id: reference, amount: amountMinor, currency } = refund;
    const key = keyOf(value.idempotency_key);
    return { subject: 'refund', reference, key, state, amountMinor, currency, atMs };
  }
  const charge = chargeOf(value);
  const state = charge && CHARGE_STATES[charge.status];
  if (!state) return undefined;
  const { id: reference, currency } = charge;
  const amountMinor = state === 'captured' ? charge.amount_captured : charge.amount;
  const key = keyOf(charge.merchant_reference);
  return { subject: 'charge', reference, key, state, amountMinor, currency, atMs };
}

const keyOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);

const failed = (evidence: string): ListAnswer => ({ kind: 'failed', evidence });

import type { BookedState, TheirRecord } from '#domain';
import type { HttpResponse } from '#platform';
import type { ListAnswer } from '../processor.port.js';
import { httpEvidence } from './stripe.mapping.js';
import { intentOf, isId, isObject, parseJson, refundOf } from './stripe.objects.js';

/** The most that Stripe lists at once. */
export const LIST_MAX = 100;

type Listed = 'intents' | 'refunds';

const INTENT_STATES: Readonly<Record<string, BookedState>> = {
  requires_payment_method: 'none',
  requires_confirmation: 'none',
  requires_action: 'none',
  // On its way to the issuer, as no card is: whoever made it claims the money.
  processing: 'held',
  requires_capture: 'held',
  succeeded: 'captured',
  canceled: 'voided',
};
const REFUND_STATES: Readonly<Record<string, BookedState>> = {
  pending: 'pending',
  requires_action: 'pending',
  succeeded: 'returned',
  failed: 'failed',
  canceled: 'failed',
};

/** What a page goes on with: `refunds re_1` are the refunds that are older than this one. */
export function placeOf(cursor: string | null): { of: Listed; after: string } {
  const [of, after = ''] = (cursor ?? 'intents ').split(' ');
  return { of: of === 'refunds' ? 'refunds' : 'intents', after };
}

/** Pure. One object that cannot be read spoils the page: nothing may be taken for missing. */
export function listAnswerOf(of: Listed, response: HttpResponse): ListAnswer {
  const body = parseJson(response.body);
  if (response.status !== 200) return failed(httpEvidence(response.status, body));
  if (!isObject(body) || !Array.isArray(body.data) || typeof body.has_more !== 'boolean') {
    return failed('unreadable_answer');
  }
  const objects: unknown[] = body.data;
  const records = objects
    .filter((each) => of === 'intents' || !isRelease(each))
    .map(of === 'intents' ? intentRecordOf : refundRecordOf);
  const last = objects.at(-1);
  const lastId = isObject(last) && isId(last.id) ? last.id : undefined;
  const isReadable = records.every((each) => each !== undefined);
  if (!isReadable || (body.has_more && lastId === undefined)) return failed('unreadable_answer');
  const next = body.has_more ? `${of} ${lastId}` : of === 'intents' ? 'refunds ' : null;
  return { kind: 'listed', records, next };
}

function intentRecordOf(value: unknown): TheirRecord | undefined {
  const intent = intentOf(value);
  const state = intent && INTENT_STATES[intent.status];
  const atMs = createdOf(value);
  if (!state || atMs === undefined) return undefined;
  const { id: reference, attemptKey: key, currency } = intent;
  const amountMinor = state === 'captured' ? intent.receivedMinor : intent.amountMinor;
  return { subject: 'charge', reference, key, state, amountMinor, currency, atMs };
}

function refundRecordOf(value: unknown): TheirRecord | undefined {
  const refund = refundOf(value);
  const state = refund && REFUND_STATES[refund.status];
  const atMs = createdOf(value);
  if (!state || atMs === undefined) return undefined;
  const { id: reference, refundKey: key, amountMinor, currency } = refund;
  return { subject: 'refund', reference, key, state, amountMinor, currency, atMs };
}

/** What is let go of a hold, all of it or what a capture left, can be shown as a refund. It gave nothing back. */
function isRelease(value: unknown): boolean {
  const refund = refundOf(value);
  const intent = isObject(value) ? intentOf(value.payment_intent) : undefined;
  if (!refund || !intent || refund.refundKey !== null) return false;
  const left = intent.amountMinor - intent.receivedMinor;
  return intent.status === 'canceled' || (left > 0 && refund.amountMinor === left);
}

function createdOf(value: unknown): number | undefined {
  const created = isObject(value) ? value.created : undefined;
  return typeof created === 'number' && Number.isSafeInteger(created) ? created * 1_000 : undefined;
}

const failed = (evidence: string): ListAnswer => ({ kind: 'failed', evidence });

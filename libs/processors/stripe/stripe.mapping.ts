import type { Outcome, PrepareOutcome, RefundOutcome } from '#domain';
import { HttpTransportError, type HttpResponse } from '#platform';
import type { AttemptOrder, LookUpAnswer, ProvisionOutcome } from '../processor.port.js';
import { UNKNOWN_METHOD } from '../unknown-method.js';
import {
  apiErrorOf,
  intentOf,
  isId,
  isObject,
  parseJson,
  refundOf,
  type Decline,
  type Intent,
  type Refund,
} from './stripe.objects.js';

/** Pure: what Stripe's answers mean. This folder's README has the tables. */

/** Statuses of an intent whose charge was never confirmed, or not to the end. It holds nothing. */
const NOTHING_HELD = new Set([
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
]);

/** Given before anything is executed: invalid, not allowed, unknown, too many. */
const REJECTED_STATUSES = new Set([400, 401, 403, 404, 429]);

/** Rejections that say that another request under the key, or about the object, was or is executed. */
const SOMEBODY_ELSE = new Set(['idempotency_key_in_use', 'lock_timeout']);

const UNEXPECTED_STATE = 'payment_intent_unexpected_state';

/** Refusals of a capture that prove that the hold is gone. */
const HOLD_GONE = new Set(['capture_charge_authorization_expired', 'charge_expired_for_capture']);

/** Refusals of a refund that no repetition helps. */
const NOT_REFUNDABLE = new Set([
  'amount_too_large',
  'charge_already_refunded',
  'charge_disputed',
  'charge_not_refundable',
  'refund_disputed_payment',
  UNEXPECTED_STATE,
]);

/** What a refund is about. Stripe refuses some for good with these as the only sign, and no code. */
const REFUND_SUBJECTS = new Set(['amount', 'charge', 'payment_intent']);

/** Preparing moves no money: whatever is not a definite yes or no can be left behind. */
export function prepareOutcomeOf(order: AttemptOrder, response: HttpResponse): PrepareOutcome {
  const body = parseJson(response.body);
  if (isSuccess(response)) {
    const intent = intentOf(body);
    if (!intent) return notExecuted('unreadable_answer');
    const mismatch = mismatchOf(intent, order);
    if (mismatch) return notExecuted(mismatch);
    return intent.status === 'requires_confirmation'
      ? { kind: 'prepared', reference: intent.id }
      : notExecuted('unexpected_status');
  }
  const { code, param, decline } = apiErrorOf(body);
  if (response.status === 402 && decline) return decline;
  if (response.status === 400 && code === 'resource_missing' && param === 'payment_method')
    return UNKNOWN_METHOD;
  return notExecuted(httpEvidence(response.status, body));
}

export function authorizeOutcomeOf(order: AttemptOrder, response: HttpResponse): Outcome {
  const body = parseJson(response.body);
  if (isSuccess(response)) return ofIntent(body, (intent) => authorizedOutcome(order, intent));
  const { code, decline, intent } = apiErrorOf(body);
  if (response.status === 402) return declinedOutcome(order, decline, intent, body);
  if (response.status === 400 && code === UNEXPECTED_STATE && intent) {
    return mismatched(order, intent) ?? confirmedBefore(order, intent);
  }
  return rejection(response.status, body);
}

export function captureOutcomeOf(order: AttemptOrder, response: HttpResponse): Outcome {
  const body = parseJson(response.body);
  if (isSuccess(response)) {
    return ofIntent(body, (intent) => {
      const mismatch = referenceMismatchOf(intent, order);
      if (mismatch) return unknown(mismatch);
      if (intent.status !== 'succeeded') return unknown('unexpected_status');
      return intent.receivedMinor === order.amountMinor
        ? succeeded(intent, intent.receivedMinor)
        : unknown('amount_mismatch');
    });
  }
  const { code, decline, intent } = apiErrorOf(body);
  const evidence = httpEvidence(response.status, body);
  if (intent && referenceMismatchOf(intent, order)) return unknown('echo_mismatch');
  const gone = intent && (intent.status === 'canceled' || NOTHING_HELD.has(intent.status));
  if (response.status === 402) {
    return decline && gone ? { ...decline, category: 'hard' } : unknown(evidence);
  }
  if (response.status !== 400) return rejection(response.status, body);
  if (code !== undefined && HOLD_GONE.has(code)) return refusal(code, body);
  if (code !== UNEXPECTED_STATE || !intent) return rejection(response.status, body);
  if (gone) return refusal(code, body);
  // Money was taken already; how much, a look-up tells.
  return intent.status === 'requires_capture' ? notExecuted(evidence) : unknown(evidence);
}

export function voidOutcomeOf(order: AttemptOrder, response: HttpResponse): Outcome {
  const body = parseJson(response.body);
  const nothingHeld = (intent: Intent): Outcome => {
    const mismatch = mismatchOf(intent, order);
    if (mismatch) return unknown(mismatch);
    return intent.status === 'canceled'
      ? succeeded(intent, intent.amountMinor)
      : unknown('unexpected_status');
  };
  if (isSuccess(response)) return ofIntent(body, nothingHeld);
  const { code, intent } = apiErrorOf(body);
  if (response.status === 400 && code === UNEXPECTED_STATE && intent?.status === 'canceled') {
    return nothingHeld(intent);
  }
  return rejection(response.status, body);
}

/** What a look before a fence says: the end of it, or that the intent holds nothing and may be canceled. */
export function fenceStepOf(order: AttemptOrder, response: HttpResponse): Outcome | 'cancelable' {
  const body = parseJson(response.body);
  if (!isSuccess(response)) return unknown(httpEvidence(response.status, body));
  const intent = intentOf(body);
  if (!intent) return unknown('unreadable_answer');
  const mismatch = mismatchOf(intent, order);
  if (mismatch) return unknown(mismatch);
  switch (intent.status) {
    case 'requires_capture':
      return authorizedOutcome(order, intent);
    case 'succeeded':
      return intent.receivedMinor === order.amountMinor
        ? succeeded(intent, intent.receivedMinor)
        : unknown('amount_mismatch');
    case 'canceled':
      return { kind: 'fenced', evidence: fenceEvidenceOf(intent) };
    case 'requires_payment_method':
      return intent.decline ? { ...intent.decline, reference: intent.id } : 'cancelable';
    default:
      return NOTHING_HELD.has(intent.status) ? 'cancelable' : unknown(stateEvidence(intent));
  }
}

/** The answer to the cancellation: only that it is canceled proves anything. */
export function fenceOutcomeOf(order: AttemptOrder, response: HttpResponse): Outcome {
  const step = fenceStepOf(order, response);
  return step === 'cancelable' ? unknown('unexpected_status') : step;
}

export function lookUpAnswerOf(order: AttemptOrder, response: HttpResponse): LookUpAnswer {
  const body = parseJson(response.body);
  if (response.status === 404) return unproven('not_found');
  if (!isSuccess(response)) return unproven(httpEvidence(response.status, body));
  const intent = intentOf(body);
  if (!intent) return unproven('unreadable_answer');
  const mismatch = referenceMismatchOf(intent, order);
  return mismatch ? unproven(mismatch) : factOf(order, intent);
}

export function refundOutcomeOf(order: AttemptOrder, response: HttpResponse): RefundOutcome {
  const body = parseJson(response.body);
  if (isSuccess(response)) return refundFactOf(order, body);
  const { type, code, param } = apiErrorOf(body);
  if (response.status === 400 && type !== 'idempotency_error') {
    if (code !== undefined && NOT_REFUNDABLE.has(code)) return refusal(code, body);
    if (code === undefined && param !== undefined && REFUND_SUBJECTS.has(param)) {
      return refusal(`refused_${param}`, body);
    }
  }
  return rejection(response.status, body);
}

/** The body is one refund, or a list of the charge's refunds. */
export function refundLookUpOutcomeOf(order: AttemptOrder, response: HttpResponse): RefundOutcome {
  const body = parseJson(response.body);
  if (response.status === 404) return unknown('not_found');
  if (!isSuccess(response)) return unknown(httpEvidence(response.status, body));
  if (!isObject(body) || body.object !== 'list') return refundFactOf(order, body);
  if (!Array.isArray(body.data)) return unknown('unreadable_answer');
  const own = body.data.filter((each) => refundOf(each)?.refundKey === order.refund?.key);
  if (own.length === 0) return unknown('not_found');
  return own.length > 1 ? unknown('ambiguous') : refundFactOf(order, own[0]);
}

export function provisionOutcomeOf(response: HttpResponse): ProvisionOutcome {
  const body = parseJson(response.body);
  if (isSuccess(response)) {
    return isObject(body) && body.object === 'payment_method' && isId(body.id)
      ? { kind: 'provisioned', token: body.id }
      : { kind: 'failed', evidence: 'unreadable_answer' };
  }
  const decline = response.status === 402 ? apiErrorOf(body).decline : undefined;
  if (!decline) return { kind: 'failed', evidence: httpEvidence(response.status, body) };
  const { code, message } = decline;
  return { kind: 'declined', code, ...(message === undefined ? {} : { message }) };
}

export function outcomeOfTransportError(
  error: unknown,
): Extract<Outcome, { kind: 'not_executed' | 'unknown' }> {
  if (!(error instanceof HttpTransportError)) return unknown('connector_failed');
  return error.phase === 'not_sent' ? notExecuted(error.evidence) : unknown(error.evidence);
}

/** What a refund is, whoever tells it. */
export function outcomeOfRefund(refund: Refund): RefundOutcome {
  const { id: reference, amountMinor, currency } = refund;
  switch (refund.status) {
    case 'succeeded':
      return { kind: 'succeeded', reference, amountMinor, currency };
    case 'pending':
    case 'requires_action':
      return { kind: 'accepted', reference };
    case 'failed':
    case 'canceled':
      return {
        kind: 'declined',
        category: 'hard',
        code: refund.failureReason ?? `refund_${refund.status}`,
        reference,
      };
    default:
      return unknown('unexpected_status');
  }
}

export const succeeded = (intent: Intent, amountMinor: number): Outcome => ({
  kind: 'succeeded',
  reference: intent.id,
  amountMinor,
  currency: intent.currency,
  ...(intent.charge.risk ? { risk: intent.charge.risk } : {}),
});

/** A hold that was there and was let go is told apart: somebody's confirmation came first. */
export const fenceEvidenceOf = (intent: Intent): string =>
  intent.charge.held === true ? 'hold_released' : 'payment_intent_canceled';

function authorizedOutcome(order: AttemptOrder, intent: Intent): Outcome {
  const mismatch = mismatchOf(intent, order);
  if (mismatch) return unknown(mismatch);
  switch (intent.status) {
    case 'requires_capture':
      return intent.capturableMinor === order.amountMinor
        ? succeeded(intent, intent.capturableMinor)
        : unknown('amount_mismatch');
    case 'requires_action':
      return intent.actionUrl === undefined
        ? unknown('action_without_url')
        : { kind: 'action_required', reference: intent.id, url: intent.actionUrl };
    case 'requires_payment_method':
      return intent.decline
        ? { ...intent.decline, reference: intent.id }
        : unknown('unexpected_status');
    default:
      return unknown(stateEvidence(intent));
  }
}

/** A confirmation that comes too late shows the intent as it is. */
function confirmedBefore(order: AttemptOrder, intent: Intent): Outcome {
  // Canceled first, and for ever.
  if (intent.status === 'canceled') return { kind: 'fenced', evidence: fenceEvidenceOf(intent) };
  if (intent.status === 'requires_capture') return authorizedOutcome(order, intent);
  if (intent.status === 'requires_payment_method' && intent.decline) {
    return { ...intent.decline, reference: intent.id };
  }
  return unknown(`http_400:${UNEXPECTED_STATE}`);
}

function declinedOutcome(
  order: AttemptOrder,
  decline: Omit<Decline, 'reference'> | undefined,
  intent: Intent | undefined,
  body: unknown,
): Outcome {
  if (!decline) return unknown(httpEvidence(402, body));
  if (!intent) return decline;
  return mismatched(order, intent) ?? { ...decline, reference: intent.id };
}

/** The amount is not compared where only a part of it was meant. */
function factOf(order: AttemptOrder, intent: Intent): LookUpAnswer {
  const { id: reference, currency, amountMinor, capturableMinor, receivedMinor } = intent;
  switch (intent.status) {
    case 'requires_capture':
      if (capturableMinor > order.amountMinor) return unproven('holds_more');
      return capturableMinor === order.amountMinor
        ? { state: 'authorized', reference, amountMinor: capturableMinor, currency }
        : unproven('amount_mismatch');
    case 'succeeded':
      return [amountMinor, receivedMinor].includes(order.amountMinor)
        ? { state: 'captured', reference, amountMinor: receivedMinor, currency }
        : unproven('amount_mismatch');
    case 'canceled':
      if (intent.charge.held !== true) return unproven('canceled');
      return amountMinor >= order.amountMinor
        ? { state: 'voided', reference, amountMinor, currency }
        : unproven('amount_mismatch');
    case 'requires_payment_method':
      return intent.decline ? declinedFact(intent.decline) : unproven('unconfirmed');
    case 'requires_confirmation':
      return unproven('unconfirmed');
    case 'requires_action':
      return intent.actionUrl === undefined
        ? unproven('action_without_url')
        : { state: 'action_required', reference, url: intent.actionUrl };
    default:
      return unproven(stateEvidence(intent));
  }
}

function declinedFact({ code, category, message }: Omit<Decline, 'reference'>): LookUpAnswer {
  return { state: 'declined', code, category, ...(message === undefined ? {} : { message }) };
}

function refundFactOf(order: AttemptOrder, body: unknown): RefundOutcome {
  const refund = refundOf(body);
  if (!refund) return unknown('unreadable_answer');
  const { id, intent, refundKey, amountMinor, currency } = refund;
  const meant = order.refund?.reference ?? id;
  if (id !== meant || intent !== order.reference || refundKey !== order.refund?.key) {
    return unknown('echo_mismatch');
  }
  if (amountMinor !== order.amountMinor || currency !== order.currency) {
    return unknown('amount_mismatch');
  }
  return outcomeOfRefund(refund);
}

function ofIntent(body: unknown, meaning: (intent: Intent) => Outcome): Outcome {
  const intent = intentOf(body);
  return intent ? meaning(intent) : unknown('unreadable_answer');
}

/** The reference, our key and the currency: what has to be equal in every answer. */
function referenceMismatchOf(intent: Intent, order: AttemptOrder) {
  if (intent.attemptKey !== order.key) return 'echo_mismatch';
  if (order.reference !== undefined && intent.id !== order.reference) return 'echo_mismatch';
  return intent.currency === order.currency ? undefined : 'amount_mismatch';
}

const mismatchOf = (intent: Intent, order: AttemptOrder) =>
  referenceMismatchOf(intent, order) ??
  (intent.amountMinor === order.amountMinor ? undefined : 'amount_mismatch');

function mismatched(order: AttemptOrder, intent: Intent): Outcome | undefined {
  const mismatch = mismatchOf(intent, order);
  return mismatch ? unknown(mismatch) : undefined;
}

/** A rejection proves that this call was not executed, unless it speaks of another one. Nothing else proves anything. */
function rejection(status: number, body: unknown) {
  const { type, code } = apiErrorOf(body);
  const evidence = httpEvidence(status, body);
  const ofAnother = type === 'idempotency_error' || (code !== undefined && SOMEBODY_ELSE.has(code));
  return REJECTED_STATUSES.has(status) && !ofAnother ? notExecuted(evidence) : unknown(evidence);
}

/** A definite no to an operation that no other processor can do. */
function refusal(code: string, body: unknown): Decline {
  const { message } = apiErrorOf(body);
  return {
    kind: 'declined',
    category: 'hard',
    code,
    ...(message === undefined ? {} : { message }),
  };
}

export function httpEvidence(status: number, body: unknown): string {
  const { code, type } = apiErrorOf(body);
  const word = code ?? (type === 'idempotency_error' ? type : undefined);
  return word === undefined ? `http_${status}` : `http_${status}:${word}`;
}

const stateEvidence = ({ status }: Intent) =>
  status === 'processing' ? 'processing' : 'unexpected_status';

const isSuccess = ({ status }: HttpResponse) => status >= 200 && status < 300;

const unknown = (evidence: string) => ({ kind: 'unknown' as const, evidence });
const notExecuted = (evidence: string) => ({ kind: 'not_executed' as const, evidence });
const unproven = (evidence: string) => ({ state: 'unproven' as const, evidence });

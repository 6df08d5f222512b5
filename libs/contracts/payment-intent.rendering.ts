import { createHash } from 'node:crypto';
import {
  type AttemptState,
  type JsonRecord,
  type PaymentIntentState,
  currentAttempt,
  moneyState,
} from '#domain';
import { earlierPayment, failureMeaning, renderFailure } from './failure.rendering.js';
import { type Problem, type ProblemCode, problem, problemKind } from './problems.js';
import { cleanText } from './untrusted-text.js';

export const PAYMENT_INTENTS_PATH = '/v1/payment_intents';

export function publicPaymentIntentId(id: string): string {
  return `pi_${id}`;
}

/** The resource as the wire shows it: the same bytes for the same state. */
export function renderPaymentIntent(state: PaymentIntentState): JsonRecord {
  const { request } = state;
  return {
    object: 'payment_intent',
    id: publicPaymentIntentId(state.id),
    status: state.status,
    money_state: moneyState(state),
    amount: state.amountMinor,
    currency: state.currency,
    amount_authorized: state.amountAuthorizedMinor,
    amount_captured: state.amountCapturedMinor,
    amount_refunded: 0,
    agent: state.agent,
    mandate: state.mandate,
    payee: request['payee'] ?? null,
    order_reference: request['order_reference'] ?? null,
    payment_method: state.paymentMethod,
    quote: null,
    processor: processorInCharge(state),
    attempts: state.attempts.map(renderAttempt),
    decision: renderDecision(state),
    failure: renderFailure(state),
    next_action: nextAction(state),
    created_at: state.createdAt,
    concluded_at: state.concludedAt,
    revision: state.revision,
  };
}

/** What a request that is not concluded yet is shown (202). */
export function renderProcessing(state: PaymentIntentState): JsonRecord {
  return renderPaymentIntent(state);
}

/**
 * The answer to a concluded request. A payment that a processor decided about is a resource, also when it failed; one that was
 * refused before, or that nobody could be found for, is a problem.
 */
export function renderAnswer(state: PaymentIntentState): Problem {
  const { failure, attempts } = state;
  if (!failure || (attempts.length > 0 && failure.code !== 'no_processor_available'))
    return { status: 201, body: JSON.stringify(renderPaymentIntent(state)) };
  const { retry, remedies, violations, untrusted } = failureMeaning(failure, state);
  const { code } = problemKind(failure.code);
  const earlier = code === 'possible_duplicate' ? earlierPayment(failure) : null;
  return problem({
    // A decline without an attempt cannot be; a defect must not look like one.
    code: code === 'payment_declined' ? 'internal' : (code satisfies ProblemCode),
    detail: failure.detail,
    instance: PAYMENT_INTENTS_PATH,
    traceId: traceOf(state.id),
    moneyState: moneyState(state),
    retry,
    remedies,
    violations,
    paymentIntent: earlier ?? publicPaymentIntentId(state.id),
    ...(untrusted && { untrusted }),
  });
}

/** A recorded answer is the same for ever, so it names the payment's own trace and not that of one of its requests. */
function traceOf(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 32);
}

const WITHOUT_MONEY: readonly AttemptState['outcome'][] = [
  'declined',
  'not_executed',
  'fenced',
  'voided',
];

/** Where the money is, or may be; null when no processor has any. */
function processorInCharge(state: PaymentIntentState): string | null {
  const attempt = currentAttempt(state);
  return attempt && !WITHOUT_MONEY.includes(attempt.outcome) ? attempt.processor : null;
}

const OUTCOMES: Readonly<Record<AttemptState['outcome'], string>> = {
  started: 'pending',
  prepared: 'pending',
  authorized: 'succeeded',
  captured: 'succeeded',
  declined: 'declined',
  not_executed: 'not_executed',
  unknown: 'unknown',
  fenced: 'fenced',
  voided: 'voided',
};

function renderAttempt({
  number,
  processor,
  outcome,
  reference,
  durationMs,
}: AttemptState): JsonRecord {
  return {
    number,
    processor,
    outcome: OUTCOMES[outcome],
    reference: reference === null ? null : cleanText(reference, 128),
    duration_ms: durationMs,
  };
}

function renderDecision({
  judged,
  policy,
  fraud,
  mandateDecision,
  route,
}: PaymentIntentState): JsonRecord | null {
  if (!judged) return null;
  return {
    policy: policy?.decision ?? null,
    bundle: policy?.bundle ?? null,
    determining: policy?.determining ?? [],
    mandate: mandateDecision?.decision ?? null,
    fraud_score: fraud?.score ?? null,
    fraud_verdict: fraud?.verdict ?? null,
    route: route.map(({ processor, eligible, reason }) => ({ processor, eligible, reason })),
  };
}

const POLL_FIRST_MS = 250;
const POLL_MAX_MS = 5_000;
const POLL_PARKED_MS = 60_000;

/** Who must do something, and when looking again is worth it. */
function nextAction({ status, parked, pending }: PaymentIntentState): JsonRecord | null {
  if (status !== 'processing') return null;
  if (parked) return { actor: 'operator', type: 'review', poll_after_ms: POLL_PARKED_MS };
  const probes = pending?.unknown ? pending.probes : 0;
  const poll_after_ms = Math.min(POLL_FIRST_MS * 2 ** Math.min(probes, 10), POLL_MAX_MS);
  return { actor: 'none', type: 'wait', poll_after_ms };
}

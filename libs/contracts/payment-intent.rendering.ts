import { createHash } from 'node:crypto';
import {
  type AttemptState,
  type DisputeState,
  type JsonRecord,
  type OperationState,
  type PaymentIntentState,
  type RefundState,
  currentAttempt,
  moneyState,
  refundedMinor,
} from '#domain';
import { declineCode, earlierPayment, failureMeaning, renderFailure } from './failure.rendering.js';
import { type Problem, isProblemCode, problem, problemKind } from './problems.js';
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
    amount_refunded: refundedMinor(state.refunds),
    capture_method: state.captureMethod,
    agent: state.agent,
    mandate: state.mandate,
    payee: request['payee'] ?? null,
    order_reference: request['order_reference'] ?? null,
    payment_method: state.paymentMethod,
    quote: null,
    processor: processorInCharge(state),
    attempts: state.attempts.map(renderAttempt),
    refunds: state.refunds.map((refund) => renderRefund(state, refund)),
    disputes: state.disputes.map(renderDispute),
    reservation: renderReservation(state),
    approval: renderApproval(state),
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
  const resource = () => ({ status: 201, body: JSON.stringify(renderPaymentIntent(state)) });
  if (!failure || (attempts.length > 0 && failure.code !== 'no_processor_available'))
    return resource();
  const { code } = problemKind(failure.code);
  if (!isProblemCode(code)) return resource();
  const { retry, remedies, violations, untrusted } = failureMeaning(failure, state);
  const earlier = code === 'possible_duplicate' ? earlierPayment(failure) : null;
  return problem({
    code,
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

/** The answer to a capture, a cancel, a refund or an approver's word, once that is decided. */
export function renderOperation(
  state: PaymentIntentState,
  { kind, operation }: OperationState,
): Problem {
  const refund = state.refunds.find((each) => each.refund === operation);
  return kind === 'refund' && refund
    ? { status: 201, body: JSON.stringify(renderRefund(state, refund)) }
    : { status: 200, body: JSON.stringify(renderPaymentIntent(state)) };
}

const REFUND_STATUS: Readonly<Record<RefundState['status'], string>> = {
  started: 'processing',
  unknown: 'unknown',
  accepted: 'pending',
  succeeded: 'succeeded',
  failed: 'failed',
};

export function renderRefund(
  { id, currency }: PaymentIntentState,
  { refund, amountMinor, status, reason, reference, failure, at }: RefundState,
): JsonRecord {
  return {
    object: 'refund',
    id: `rf_${refund}`,
    payment_intent: publicPaymentIntentId(id),
    amount: amountMinor,
    currency,
    status: REFUND_STATUS[status],
    reason,
    reference: reference === null ? null : cleanText(reference, 128),
    failure: failure && {
      code: declineCode(failure.code),
      category: 'processor',
      ...(failure.message !== null && {
        untrusted: { processor_message: cleanText(failure.message) },
      }),
    },
    created_at: at,
  };
}

function renderDispute({
  dispute,
  status,
  amountMinor,
  currency,
  reason,
  evidenceDueAt,
}: DisputeState): JsonRecord {
  return {
    id: cleanText(dispute, 128),
    status,
    amount: amountMinor,
    currency,
    reason: cleanText(reason, 64),
    evidence_due_at: evidenceDueAt,
  };
}

function renderReservation({ reservation }: PaymentIntentState): JsonRecord | null {
  if (!reservation) return null;
  const { call, status, refusal } = reservation;
  return {
    participant: call.participant,
    status,
    reference: call.reference === null ? null : cleanText(call.reference, 128),
    failure: refusal && {
      code: declineCode(refusal.code),
      ...(refusal.message !== null && {
        untrusted: { merchant_message: cleanText(refusal.message) },
      }),
    },
  };
}

function renderApproval({ approval }: PaymentIntentState): JsonRecord | null {
  if (!approval) return null;
  const { stage, status, reasons, fingerprint, dueAt, by } = approval;
  return {
    stage,
    status,
    reasons: reasons.map(({ source, rule, detail }) => ({ source, rule, detail })),
    fingerprint,
    expires_at: dueAt,
    decided_by: by,
  };
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
function nextAction({ id, status, parked, pending }: PaymentIntentState): JsonRecord | null {
  const url = `${PAYMENT_INTENTS_PATH}/${publicPaymentIntentId(id)}`;
  if (parked) return { actor: 'operator', type: 'review', poll_after_ms: POLL_PARKED_MS };
  if (status === 'requires_approval')
    return {
      actor: 'approver',
      type: 'approve',
      url: `${url}/approve`,
      poll_after_ms: POLL_MAX_MS,
    };
  if (status === 'requires_action')
    return {
      actor: 'buyer',
      type: 'authenticate',
      url: pending?.action?.url ?? null,
      poll_after_ms: POLL_MAX_MS,
    };
  if (status === 'requires_capture')
    return { actor: 'agent', type: 'capture', url: `${url}/capture` };
  if (status !== 'processing') return null;
  const isAskedAbout = pending && (pending.unknown || pending.acceptedAtMs !== null);
  const probes = isAskedAbout ? (pending?.probes ?? 0) : 0;
  const poll_after_ms = Math.min(POLL_FIRST_MS * 2 ** Math.min(probes, 10), POLL_MAX_MS);
  return { actor: 'none', type: 'wait', poll_after_ms };
}

import type { JsonRecord } from '../shared/json.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import type {
  ApprovalReason,
  ApprovalStage,
  ApprovalTerms,
  CallFacts,
  CancelReason,
  Failure,
  MoneyOperation,
  OperationKind,
  PaymentIntentEvent,
  PaymentIntentEventData,
  RouteCandidate,
} from './payment-intent.events.js';
import { type DisputeState, evolveDisputes } from './dispute.state.js';
import type { ProcessorRisk } from './outcome.js';
import { type RefundState, evolveRefunds, isRefundOpen, refundedMinor } from './refund.state.js';
import { type ReservationState, evolveReservation } from './reservation.state.js';

export type PaymentStatus =
  | 'processing'
  | 'requires_approval'
  | 'requires_action'
  | 'requires_capture'
  | 'succeeded'
  | 'failed'
  | 'canceled';
export type MoneyState = 'none' | 'held' | 'moved' | 'returned' | 'unknown';

export interface AttemptState {
  readonly number: number;
  readonly processor: string;
  readonly authorization: 'one_step' | 'two_step';
  readonly fence: boolean;
  readonly lookUp: boolean;
  readonly key: string;
  readonly keySafeUntilMs: number;
  /** How long a key is safe at this processor, from its first use. */
  readonly keySafeForMs: number;
  readonly authorizationValidForMs: number;
  readonly outcome:
    | 'started'
    | 'prepared'
    | 'authorized'
    | 'declined'
    | 'not_executed'
    | 'unknown'
    | 'fenced'
    | 'voided'
    | 'captured';
  readonly reference: string | null;
  readonly detail: string | null;
  readonly decline: Failure['decline'];
  readonly durationMs: number | null;
  /** What the processor reported against what was recorded as proven. */
  readonly contradicted?: readonly string[];
  /** What the processor's own fraud screen said about it. */
  readonly risk?: ProcessorRisk;
}

/** The money operation whose outcome is not recorded yet. */
export interface PendingOperation {
  readonly operation: MoneyOperation;
  readonly number: number;
  /** False while the first call may still be answered in time. */
  readonly unknown: boolean;
  /** Somebody besides the first sender may have sent the call. */
  readonly takenOver: boolean;
  /** How many probes were scheduled. */
  readonly probes: number;
  readonly keySafeUntilMs: number;
  /** Since when the processor has it as taken on, to be carried out later; null: it has not. Epoch milliseconds. */
  readonly acceptedAtMs: number | null;
  /** What the buyer has to do before anything is held; null: nothing. */
  readonly action: BuyerAction | null;
  /** Why nobody but a human asks about it any more. */
  readonly parked: string | null;
}

export interface BuyerAction {
  readonly url: string;
  readonly atMs: number;
  readonly dueAtMs: number;
  /** Nobody waits for it any more. */
  readonly expired: boolean;
}

/** A human is, or was, asked. */
export interface ApprovalState extends ApprovalTerms {
  readonly stage: ApprovalStage;
  readonly reasons: readonly ApprovalReason[];
  readonly status: 'requested' | 'granted' | 'denied' | 'expired';
  readonly by: string | null;
}

/** Something a person or an agent wants done, and what was answered. */
export interface OperationState {
  readonly operation: string;
  readonly kind: OperationKind;
  readonly request: JsonRecord;
  readonly at: string;
  readonly answer: { readonly status: number; readonly body: string } | null;
}

/** The payment as its stream tells it. Immutable: `evolve` makes a new one. */
export interface PaymentIntentState {
  readonly exists: boolean;
  readonly id: string;
  readonly tenant: string;
  readonly agent: string;
  readonly mandate: string | null;
  readonly request: JsonRecord;
  /** Where the purchase is claimed. */
  readonly purchase: string | null;
  readonly fingerprint: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly paymentMethod: string;
  readonly captureMethod: 'automatic' | 'manual';
  readonly status: PaymentStatus;
  readonly judged: boolean;
  /** The judges are being asked, for the first time or after an approval. */
  readonly judging: boolean;
  /** The last one. */
  readonly approval: ApprovalState | null;
  /** What a human has agreed to so far. */
  readonly approved: readonly ApprovalReason[];
  readonly reservation: ReservationState | null;
  /** A processor is being chosen. */
  readonly routing: boolean;
  readonly policy: PaymentIntentEventData<'PolicyDecided'> | null;
  readonly fraud: PaymentIntentEventData<'FraudScreened'> | null;
  readonly mandateDecision: PaymentIntentEventData<'MandateDecided'> | null;
  readonly route: readonly RouteCandidate[];
  readonly attempts: readonly AttemptState[];
  readonly pending: PendingOperation | null;
  /** The first reason why a human must look; what of the payment it is about goes on when that is known. */
  readonly parked: { reason: string } | null;
  /** The operations by which operators asked to look again. */
  readonly unparkedBy: readonly string[];
  readonly amountAuthorizedMinor: number;
  readonly amountCapturedMinor: number;
  readonly heldMinor: number;
  /** What is to be taken of the hold; null before it is decided. */
  readonly captureMinor: number | null;
  readonly refunds: readonly RefundState[];
  readonly disputes: readonly DisputeState[];
  /** The notices of what was paid out. */
  readonly settledBy: readonly string[];
  readonly operations: readonly OperationState[];
  /** Somebody wants it undone: no further attempt, and what is held or moved comes back. */
  readonly canceling: boolean;
  readonly cancelReason: CancelReason;
  readonly failure: Failure | null;
  /** Why an authorization is being let go; becomes the failure once it is. */
  readonly abandoning: Failure | null;
  readonly createdAt: string | null;
  readonly concludedAt: string | null;
  readonly answer: { status: number; body: string } | null;
  /** Revision of the last event folded; -1 before the first. */
  readonly revision: number;
}

export const INITIAL_PAYMENT_INTENT: PaymentIntentState = {
  exists: false,
  id: '',
  tenant: '',
  agent: '',
  mandate: null,
  request: {},
  purchase: null,
  fingerprint: '',
  amountMinor: 0,
  currency: '',
  paymentMethod: '',
  captureMethod: 'automatic',
  status: 'processing',
  judged: false,
  judging: false,
  approval: null,
  approved: [],
  reservation: null,
  routing: false,
  policy: null,
  fraud: null,
  mandateDecision: null,
  route: [],
  attempts: [],
  pending: null,
  parked: null,
  unparkedBy: [],
  amountAuthorizedMinor: 0,
  amountCapturedMinor: 0,
  heldMinor: 0,
  captureMinor: null,
  refunds: [],
  disputes: [],
  settledBy: [],
  operations: [],
  canceling: false,
  cancelReason: 'requested',
  failure: null,
  abandoning: null,
  createdAt: null,
  concludedAt: null,
  answer: null,
  revision: -1,
};

export function evolvePaymentIntent(
  state: PaymentIntentState,
  event: PaymentIntentEvent,
): PaymentIntentState {
  const next = apply(state, event);
  return { ...next, parked: parkedOf(next), revision: state.revision + 1 };
}

function parkedOf({
  pending,
  reservation,
  refunds,
}: PaymentIntentState): PaymentIntentState['parked'] {
  const reason =
    pending?.parked ??
    reservation?.parked ??
    refunds.find((each) => each.parked !== null)?.parked ??
    null;
  return reason === null ? null : { reason };
}

function apply(state: PaymentIntentState, event: PaymentIntentEvent): PaymentIntentState {
  switch (event.type) {
    case 'PaymentIntentRequested':
      return requested(state, event.data);
    case 'PolicyDecided':
      return { ...state, judged: true, policy: event.data };
    case 'FraudScreened':
      return { ...state, judged: true, fraud: event.data };
    case 'MandateDecided':
      return { ...state, judged: true, mandateDecision: event.data };
    case 'ApprovalRequested': {
      const { stage, reasons, fingerprint, dueAt } = event.data;
      const asked = { stage, reasons, fingerprint, dueAt };
      const approval: ApprovalState = { ...asked, status: 'requested', by: null };
      return { ...state, status: 'requires_approval', judging: false, approval };
    }
    case 'ApprovalGranted': {
      const { stage, by } = event.data;
      const judging = stage === 'authorization';
      const approved = [...state.approved, ...(state.approval?.reasons ?? [])];
      return { ...withApproval(state, 'granted', by), status: 'processing', judging, approved };
    }
    case 'ApprovalDenied':
      return { ...withApproval(state, 'denied', event.data.by), status: 'processing' };
    case 'ApprovalExpired':
      return { ...withApproval(state, 'expired', null), status: 'processing' };
    case 'ReservationStarted':
    case 'ReservationMade':
    case 'ReservationRefused':
    case 'ReservationConfirmStarted':
    case 'ReservationConfirmed':
    case 'ReservationReleaseStarted':
    case 'ReservationReleased':
    case 'ReservationRetryScheduled':
      return {
        ...state,
        judging: false,
        reservation: evolveReservation(state.reservation, event),
      };
    case 'RouteRequested':
      return { ...state, routing: true };
    case 'RouteChosen':
      return { ...state, judging: false, routing: false, route: event.data.candidates };
    case 'AttemptStarted':
      return attemptStarted(state, event.data);
    case 'AttemptPrepared':
      return withAttempt(state, event.data.number, {
        outcome: 'prepared',
        reference: event.data.reference,
      });
    case 'AttemptTakenOver':
      return { ...state, pending: state.pending && { ...state.pending, takenOver: true } };
    case 'PaymentAuthorized':
      return {
        ...withAttempt(settled(state), event.data.number, {
          outcome: 'authorized',
          reference: event.data.reference,
          durationMs: event.data.durationMs,
          ...(event.data.risk && { risk: event.data.risk }),
        }),
        amountAuthorizedMinor: event.data.amountMinor,
        heldMinor: event.data.amountMinor,
      };
    case 'BuyerActionRequired': {
      const { number, reference, url, at, dueAt } = event.data;
      const action = { url, atMs: toEpochMs(at), dueAtMs: toEpochMs(dueAt), expired: false };
      return {
        ...withAttempt(state, number, { reference }),
        status: 'requires_action',
        pending: state.pending && { ...state.pending, unknown: false, action },
      };
    }
    case 'BuyerActionExpired': {
      const { pending } = state;
      const action = pending?.action && { ...pending.action, expired: true };
      return {
        ...state,
        status: 'processing',
        pending: pending && { ...pending, action: action ?? null },
      };
    }
    case 'CaptureAwaited':
      return { ...state, status: 'requires_capture' };
    case 'CaptureRequested':
      return { ...state, status: 'processing', captureMinor: event.data.amountMinor };
    case 'AuthorizationExpired':
      return { ...state, status: 'processing', cancelReason: 'authorization_expired' };
    case 'AttemptDeclined': {
      const { code, category, message, durationMs, number } = event.data;
      return withAttempt(settled(state), number, {
        outcome: 'declined',
        detail: code,
        decline: { code, category, message },
        durationMs,
      });
    }
    case 'AttemptNotExecuted':
      return withAttempt(settled(state), event.data.number, {
        outcome: 'not_executed',
        detail: event.data.evidence,
        durationMs: event.data.durationMs,
      });
    case 'AttemptFenced':
      return withAttempt(settled(state), event.data.number, {
        outcome: 'fenced',
        detail: event.data.evidence,
      });
    case 'OutcomeUnknown':
      if (event.data.refund !== undefined)
        return { ...state, refunds: evolveRefunds(state.refunds, event) };
      return {
        ...withAttempt(
          state,
          event.data.number,
          event.data.operation === 'authorize'
            ? { outcome: 'unknown', detail: event.data.evidence }
            : {},
        ),
        pending: state.pending && { ...state.pending, unknown: true },
      };
    case 'ProbeScheduled':
      if (event.data.refund !== undefined)
        return { ...state, refunds: evolveRefunds(state.refunds, event) };
      return { ...state, pending: state.pending && { ...state.pending, probes: event.data.probe } };
    case 'CaptureStarted':
      return {
        ...state,
        captureMinor: event.data.amountMinor,
        pending: pendingNow('capture', event.data),
      };
    case 'PaymentCaptured':
      return {
        ...withAttempt(settled(state), event.data.number, { outcome: 'captured' }),
        amountCapturedMinor: event.data.amountMinor,
        heldMinor: 0,
      };
    case 'CaptureAccepted':
    case 'VoidAccepted':
      return {
        ...state,
        pending: state.pending && {
          ...state.pending,
          unknown: false,
          acceptedAtMs: toEpochMs(event.data.at),
        },
      };
    case 'CaptureDeclined':
      return settled(state);
    case 'VoidStarted':
      return {
        ...state,
        status: 'processing',
        abandoning: event.data.failure,
        pending: pendingNow('void', event.data),
      };
    case 'AuthorizationVoided':
      return {
        ...withAttempt(settled(state), event.data.number, { outcome: 'voided' }),
        heldMinor: 0,
      };
    case 'OutcomeContradicted':
      return contradicted(state, event.data);
    case 'CancelRequested':
      return { ...state, canceling: true };
    case 'RefundStarted':
    case 'RefundAccepted':
    case 'RefundSucceeded':
    case 'RefundFailed':
      return { ...state, refunds: evolveRefunds(state.refunds, event) };
    case 'DisputeEvidenceRequested':
    case 'DisputeOpened':
    case 'DisputeWon':
    case 'DisputeLost':
      return { ...state, disputes: evolveDisputes(state.disputes, event) };
    case 'PaymentSettled':
      return { ...state, settledBy: [...state.settledBy, event.data.notice] };
    case 'LedgerPosted':
      return state;
    case 'PaymentSucceeded':
      return ended(state, 'succeeded', event.data.at);
    case 'PaymentFailed':
      return { ...ended(state, 'failed', event.data.at), failure: event.data.failure };
    case 'PaymentCanceled':
      return ended(state, 'canceled', event.data.at);
    case 'PaymentParked':
      return parked(state, event.data);
    case 'PaymentUnparked':
      return {
        ...state,
        pending: state.pending && { ...state.pending, parked: null },
        reservation: state.reservation && { ...state.reservation, parked: null },
        refunds: state.refunds.map((each) => ({ ...each, parked: null })),
        unparkedBy: [...state.unparkedBy, event.data.operation],
      };
    case 'RequestConcluded':
      return { ...state, answer: { status: event.data.status, body: event.data.body } };
    case 'OperationRequested': {
      const { operation, kind, request, at } = event.data;
      const requested = { operation, kind, request, at, answer: null };
      return { ...state, operations: [...state.operations, requested] };
    }
    case 'OperationConcluded':
      return { ...state, operations: answered(state.operations, event.data) };
    default:
      return unreachable(event, state);
  }
}

function requested(
  state: PaymentIntentState,
  data: PaymentIntentEventData<'PaymentIntentRequested'>,
): PaymentIntentState {
  const { id, tenant, agent, mandate, request, purchase, fingerprint, at } = data;
  return {
    ...state,
    exists: true,
    judging: true,
    id,
    tenant,
    agent,
    mandate,
    request,
    purchase: purchase ?? null,
    fingerprint: fingerprint ?? '',
    captureMethod: request['capture_method'] === 'manual' ? 'manual' : 'automatic',
    amountMinor: request['amount'] as number,
    currency: request['currency'] as string,
    paymentMethod: request['payment_method'] as string,
    createdAt: at,
  };
}

function attemptStarted(
  state: PaymentIntentState,
  data: PaymentIntentEventData<'AttemptStarted'>,
): PaymentIntentState {
  const keySafeUntilMs = toEpochMs(data.keySafeUntil);
  const attempt: AttemptState = {
    number: data.number,
    processor: data.processor,
    authorization: data.authorization,
    fence: data.fence,
    lookUp: data.lookUp,
    key: data.key,
    keySafeUntilMs,
    keySafeForMs: keySafeUntilMs - toEpochMs(data.at),
    authorizationValidForMs: data.authorizationValidForMs ?? DEFAULT_VALID_FOR_MS,
    outcome: 'started',
    reference: null,
    detail: null,
    decline: null,
    durationMs: null,
  };
  return {
    ...state,
    attempts: [...state.attempts, attempt],
    pending: { operation: 'authorize', number: data.number, ...UNASKED, keySafeUntilMs },
  };
}

/** For attempts recorded before processors said how long their holds last. */
const DEFAULT_VALID_FOR_MS = 7 * 86_400_000;
const UNASKED = {
  unknown: false,
  takenOver: false,
  probes: 0,
  acceptedAtMs: null,
  action: null,
  parked: null,
};

function pendingNow(
  operation: 'capture' | 'void',
  { number, call }: { number: number; call: CallFacts },
): PendingOperation {
  return { operation, number, ...UNASKED, keySafeUntilMs: toEpochMs(call.keySafeUntil) };
}

function ended(
  state: PaymentIntentState,
  status: 'succeeded' | 'failed' | 'canceled',
  concludedAt: string,
): PaymentIntentState {
  return { ...state, status, judging: false, routing: false, concludedAt };
}

function withApproval(
  state: PaymentIntentState,
  status: ApprovalState['status'],
  by: string | null,
): PaymentIntentState {
  return { ...state, approval: state.approval && { ...state.approval, status, by } };
}

function answered(
  operations: readonly OperationState[],
  { operation, status, body }: PaymentIntentEventData<'OperationConcluded'>,
): OperationState[] {
  return operations.map((each) =>
    each.operation === operation ? { ...each, answer: { status, body } } : each,
  );
}

function settled(state: PaymentIntentState): PaymentIntentState {
  const status = state.status === 'requires_action' ? 'processing' : state.status;
  return { ...state, status, pending: null };
}

function parked(
  state: PaymentIntentState,
  { number, refund, reason }: PaymentIntentEventData<'PaymentParked'>,
): PaymentIntentState {
  if (refund !== undefined) {
    const refunds = state.refunds.map((each) =>
      each.refund === refund ? { ...each, parked: reason } : each,
    );
    return { ...state, refunds };
  }
  return number === null
    ? { ...state, reservation: state.reservation && { ...state.reservation, parked: reason } }
    : { ...state, pending: state.pending && { ...state.pending, parked: reason } };
}

function contradicted(
  state: PaymentIntentState,
  { number, reported }: PaymentIntentEventData<'OutcomeContradicted'>,
): PaymentIntentState {
  const earlier = state.attempts.find((each) => each.number === number)?.contradicted ?? [];
  return withAttempt(state, number, { contradicted: [...earlier, reported] });
}

function withAttempt(
  state: PaymentIntentState,
  number: number,
  change: Partial<AttemptState>,
): PaymentIntentState {
  return {
    ...state,
    attempts: state.attempts.map((attempt) =>
      attempt.number === number ? { ...attempt, ...change } : attempt,
    ),
  };
}

/** The call whose outcome is open, and what is needed to ask its processor about it. */
export interface AttemptFacts {
  readonly operation: MoneyOperation;
  readonly number: number;
  /** False: not even the unconfirmed charge of a two-step processor is known to exist. */
  readonly prepared: boolean;
  readonly authorization: 'one_step' | 'two_step';
  readonly call: CallFacts;
}

/** The open operation of the current attempt, or with `refund` that refund; null when it is not open any more. */
export function openAttempt(
  state: PaymentIntentState,
  refund: string | null = null,
): AttemptFacts | null {
  if (refund !== null) return openRefund(state, refund);
  const { pending } = state;
  const attempt = state.attempts.find(({ number }) => number === pending?.number);
  if (!pending || !attempt) return null;
  const { operation, number, keySafeUntilMs } = pending;
  return {
    operation,
    number,
    prepared: attempt.reference !== null,
    authorization: attempt.authorization,
    call: callFacts(state, attempt, meantMinor(state, operation), keySafeUntilMs),
  };
}

function openRefund(state: PaymentIntentState, id: string): AttemptFacts | null {
  const refund = state.refunds.find((each) => each.refund === id);
  const attempt = state.attempts.find(({ number }) => number === refund?.number);
  if (!refund || !attempt || !isRefundOpen(refund)) return null;
  const { number, authorization } = attempt;
  const { reference } = refund;
  const call = { ...refund.call, refund: { key: refund.key, reference } };
  return { operation: 'refund', number, prepared: true, authorization, call };
}

/** The amount that an operation is about. */
function meantMinor(state: PaymentIntentState, operation: MoneyOperation): number {
  switch (operation) {
    case 'authorize':
      return state.amountMinor;
    case 'capture':
      return state.captureMinor ?? state.amountAuthorizedMinor;
    case 'void':
    case 'refund':
      return state.amountAuthorizedMinor;
  }
}

export function callFacts(
  { currency, paymentMethod }: PaymentIntentState,
  { processor, key, reference, ...attempt }: AttemptState,
  amountMinor: number,
  keySafeUntilMs: number = attempt.keySafeUntilMs,
): CallFacts {
  const keySafeUntil = toRfc3339(keySafeUntilMs);
  return { processor, key, amountMinor, currency, paymentMethod, reference, keySafeUntil };
}

export function currentAttempt(state: PaymentIntentState): AttemptState | undefined {
  return state.attempts.at(-1);
}

/**
 * What the agent must know before all else. A call that can move or release money and whose answer is not recorded makes it
 * `unknown`, from the moment it may have been sent: what is not known is said to be unknown.
 */
export function moneyState(state: PaymentIntentState): MoneyState {
  if (state.pending) {
    const attempt = state.attempts.find(({ number }) => number === state.pending?.number);
    const nothingSent = attempt?.outcome === 'started' && attempt.authorization === 'two_step';
    if (!nothingSent && !isAnswered(state.pending)) return 'unknown';
  }
  const { refunds, amountCapturedMinor } = state;
  if (refunds.some(({ status }) => status === 'started' || status === 'unknown')) return 'unknown';
  if (amountCapturedMinor > 0)
    return refundedMinor(refunds) >= amountCapturedMinor ? 'returned' : 'moved';
  return state.heldMinor > 0 ? 'held' : 'none';
}

/** The processor said what it does with it: until it says more, the money is where it was. */
export function isAnswered({ acceptedAtMs, action }: PendingOperation): boolean {
  return acceptedAtMs !== null || (action !== null && !action.expired);
}

/** New event types of a later version are counted, not understood. */
function unreachable(_event: never, state: PaymentIntentState): PaymentIntentState {
  return state;
}

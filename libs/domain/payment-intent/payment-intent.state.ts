import type { JsonRecord } from '../shared/json.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import type {
  CallFacts,
  Failure,
  MoneyOperation,
  PaymentIntentEvent,
  PaymentIntentEventData,
  RouteCandidate,
} from './payment-intent.events.js';

export type PaymentStatus = 'processing' | 'succeeded' | 'failed';
export type MoneyState = 'none' | 'held' | 'moved' | 'returned' | 'unknown';

export interface AttemptState {
  readonly number: number;
  readonly processor: string;
  readonly authorization: 'one_step' | 'two_step';
  readonly fence: boolean;
  readonly lookUp: boolean;
  readonly key: string;
  readonly keySafeUntilMs: number;
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
  /** The processor reported money for it after it was proven to take none. */
  readonly contradicted?: boolean;
}

/** The money operation whose outcome is not recorded yet. */
export interface PendingOperation {
  readonly operation: MoneyOperation;
  readonly number: number;
  /** False while the first call may still be answered in time. */
  readonly unknown: boolean;
  /** How many probes were scheduled. */
  readonly probes: number;
}

/** The payment as its stream tells it. Immutable: `evolve` makes a new one. */
export interface PaymentIntentState {
  readonly exists: boolean;
  readonly id: string;
  readonly tenant: string;
  readonly agent: string;
  readonly mandate: string | null;
  readonly request: JsonRecord;
  readonly amountMinor: number;
  readonly currency: string;
  readonly paymentMethod: string;
  readonly status: PaymentStatus;
  readonly judged: boolean;
  readonly policy: PaymentIntentEventData<'PolicyDecided'> | null;
  readonly fraud: PaymentIntentEventData<'FraudScreened'> | null;
  readonly mandateDecision: PaymentIntentEventData<'MandateDecided'> | null;
  readonly route: readonly RouteCandidate[];
  readonly attempts: readonly AttemptState[];
  readonly pending: PendingOperation | null;
  readonly parked: { reason: string } | null;
  /** The operations by which operators asked to look again. */
  readonly unparkedBy: readonly string[];
  readonly amountAuthorizedMinor: number;
  readonly amountCapturedMinor: number;
  readonly heldMinor: number;
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
  amountMinor: 0,
  currency: '',
  paymentMethod: '',
  status: 'processing',
  judged: false,
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
  return { ...apply(state, event), revision: state.revision + 1 };
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
    case 'RouteChosen':
      return { ...state, route: event.data.candidates };
    case 'AttemptStarted':
      return attemptStarted(state, event.data);
    case 'AttemptPrepared':
      return withAttempt(state, event.data.number, {
        outcome: 'prepared',
        reference: event.data.reference,
      });
    case 'PaymentAuthorized':
      return {
        ...withAttempt(settled(state), event.data.number, {
          outcome: 'authorized',
          reference: event.data.reference,
          durationMs: event.data.durationMs,
        }),
        amountAuthorizedMinor: event.data.amountMinor,
        heldMinor: event.data.amountMinor,
      };
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
      return { ...state, pending: state.pending && { ...state.pending, probes: event.data.probe } };
    case 'CaptureStarted':
      return { ...state, pending: pendingNow('capture', event.data.number) };
    case 'PaymentCaptured':
      return {
        ...withAttempt(settled(state), event.data.number, { outcome: 'captured' }),
        amountCapturedMinor: event.data.amountMinor,
        heldMinor: 0,
      };
    case 'CaptureDeclined':
      return settled(state);
    case 'VoidStarted':
      return {
        ...state,
        abandoning: event.data.failure,
        pending: pendingNow('void', event.data.number),
      };
    case 'AuthorizationVoided':
      return {
        ...withAttempt(settled(state), event.data.number, { outcome: 'voided' }),
        heldMinor: 0,
      };
    case 'OutcomeContradicted':
      return withAttempt(state, event.data.number, { contradicted: true });
    case 'LedgerPosted':
      return state;
    case 'PaymentSucceeded':
      return { ...state, status: 'succeeded', parked: null, concludedAt: event.data.at };
    case 'PaymentFailed': {
      const { failure, at } = event.data;
      return { ...state, status: 'failed', failure, parked: null, concludedAt: at };
    }
    case 'PaymentParked':
      return { ...state, parked: { reason: event.data.reason } };
    case 'PaymentUnparked':
      return {
        ...state,
        parked: null,
        unparkedBy: [...state.unparkedBy, event.data.operation],
      };
    case 'RequestConcluded':
      return { ...state, answer: { status: event.data.status, body: event.data.body } };
    default:
      return unreachable(event, state);
  }
}

function requested(
  state: PaymentIntentState,
  data: PaymentIntentEventData<'PaymentIntentRequested'>,
): PaymentIntentState {
  const { id, tenant, agent, mandate, request, at } = data;
  return {
    ...state,
    exists: true,
    id,
    tenant,
    agent,
    mandate,
    request,
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
  const attempt: AttemptState = {
    number: data.number,
    processor: data.processor,
    authorization: data.authorization,
    fence: data.fence,
    lookUp: data.lookUp,
    key: data.key,
    keySafeUntilMs: toEpochMs(data.keySafeUntil),
    outcome: 'started',
    reference: null,
    detail: null,
    decline: null,
    durationMs: null,
  };
  return {
    ...state,
    attempts: [...state.attempts, attempt],
    pending: pendingNow('authorize', data.number),
  };
}

function pendingNow(operation: MoneyOperation, number: number): PendingOperation {
  return { operation, number, unknown: false, probes: 0 };
}

function settled(state: PaymentIntentState): PaymentIntentState {
  return { ...state, pending: null, parked: null };
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

/** The operation whose outcome is open, and what is needed to ask its processor about it; null when none is. */
export interface AttemptFacts {
  readonly operation: MoneyOperation;
  readonly number: number;
  /** False: not even the unconfirmed charge of a two-step processor is known to exist. */
  readonly prepared: boolean;
  readonly authorization: 'one_step' | 'two_step';
  readonly call: CallFacts;
}

export function openAttempt(state: PaymentIntentState): AttemptFacts | null {
  const { pending } = state;
  const attempt = state.attempts.find(({ number }) => number === pending?.number);
  if (!pending || !attempt) return null;
  const { operation, number } = pending;
  const amountMinor = operation === 'authorize' ? state.amountMinor : state.amountAuthorizedMinor;
  return {
    operation,
    number,
    prepared: attempt.reference !== null,
    authorization: attempt.authorization,
    call: callFacts(state, attempt, amountMinor),
  };
}

export function callFacts(
  { currency, paymentMethod }: PaymentIntentState,
  { processor, key, reference, keySafeUntilMs }: AttemptState,
  amountMinor: number,
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
    if (!nothingSent) return 'unknown';
  }
  if (state.amountCapturedMinor > 0) return 'moved';
  return state.heldMinor > 0 ? 'held' : 'none';
}

/** New event types of a later version are counted, not understood. */
function unreachable(_event: never, state: PaymentIntentState): PaymentIntentState {
  return state;
}

import { type Decider, type Decision, accepted, refused } from '../shared/decider.js';
import { differingPointers } from '../shared/json.js';
import { toRfc3339 } from '../shared/time.js';
import { approvalDecision, expiryEvents } from './approval.js';
import { authorizationEvents, preparationEvents, takeOverEvents } from './authorization.js';
import { cancelDecision, expiredAuthorization } from './cancel.js';
import { captureDecision, captureEvents, captureRequest, voidEvents } from './capture.js';
import { judgementEvents, routeEvents } from './judgement.js';
import { noticeDecision } from './notice.js';
import { repeatedOperationOf, toBeAnswered } from './operations.js';
import type {
  CallerCommand,
  PaymentIntentCommand,
  PaymentIntentCommandOf,
} from './payment-intent.commands.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import {
  INITIAL_PAYMENT_INTENT,
  type OperationState,
  type PaymentIntentState,
  evolvePaymentIntent,
} from './payment-intent.state.js';
import { refundDecision, refundEvents } from './refund.js';
import { reservationEvents } from './reservation.js';
import { unparkEvents } from './unpark.js';

export type PaymentIntentRefusal =
  | 'not_found'
  | 'forbidden'
  | 'idempotency_key_reused'
  | 'invalid_transition'
  | 'mandate_revoked'
  | 'approval_expired'
  | 'amount_exceeds_capturable'
  | 'amount_exceeds_refundable';
export interface PaymentIntentRefusalDetails {
  /** JSON pointers into the request: what differs from the first one, or what is in the way. */
  pointers: readonly string[];
  /** How much there was to capture or to refund. */
  leftMinor?: number;
}

export type PaymentIntentDecision = Decision<
  PaymentIntentEvent,
  PaymentIntentRefusal,
  PaymentIntentRefusalDetails
>;

interface Rendered {
  status: number;
  body: string;
}

/** The exact answers, given the state that decided them. Pure; lives with the wire format. */
export interface RenderAnswers {
  request: (state: PaymentIntentState) => Rendered;
  operation: (state: PaymentIntentState, operation: OperationState) => Rendered;
}

/**
 * One purchase the agent wants to happen at most once. Whatever concludes the request appends its answer with it, so that
 * what the agent was told is as durable as what happened.
 */
export function paymentIntentDecider(
  render: RenderAnswers,
): Decider<
  PaymentIntentCommand,
  PaymentIntentEvent,
  PaymentIntentState,
  PaymentIntentRefusal,
  PaymentIntentRefusalDetails
> {
  return {
    initial: () => INITIAL_PAYMENT_INTENT,
    evolve: evolvePaymentIntent,
    decide: (command, state) => {
      const decision = decide(command, state);
      return decision.ok ? accepted(...withAnswers(decision.events, state, render)) : decision;
    },
  };
}

/** Only these conclude a request, or ask for something that is answered. */
const ANSWERING: ReadonlySet<string> = new Set<PaymentIntentEvent['type']>([
  'PaymentSucceeded',
  'PaymentFailed',
  'PaymentCanceled',
  'CaptureAwaited',
  'OperationRequested',
]);

/** What is answered now, in the same append as what decided it. Each answer names the revision that includes itself. */
function withAnswers(
  events: readonly PaymentIntentEvent[],
  before: PaymentIntentState,
  render: RenderAnswers,
): readonly PaymentIntentEvent[] {
  if (before.operations.length === 0 && !events.some(({ type }) => ANSWERING.has(type)))
    return events;
  let state = events.reduce(evolvePaymentIntent, before);
  const all = [...events];
  const add = (event: PaymentIntentEvent) => {
    all.push(event);
    state = evolvePaymentIntent(state, event);
  };
  const at = events.at(-1)?.data.at ?? '';
  if (!state.answer && (state.concludedAt !== null || state.status === 'requires_capture')) {
    const { status, body } = render.request({ ...state, revision: state.revision + 1 });
    add({ type: 'RequestConcluded', data: { status, body, at } });
  }
  for (const each of toBeAnswered(state)) {
    const { operation, request } = each;
    const { status, body } = render.operation({ ...state, revision: state.revision + 1 }, each);
    add({ type: 'OperationConcluded', data: { operation, request, status, body, at } });
  }
  return all;
}

function decide(command: PaymentIntentCommand, state: PaymentIntentState): PaymentIntentDecision {
  if (command.type === 'RequestPayment') return request(command, state);
  if (!state.exists) return refused('not_found', { pointers: [] });
  switch (command.type) {
    case 'JudgePayment':
      return accepted(...judgementEvents(command, state));
    case 'RouteAttempt':
      return accepted(...routeEvents(command, state));
    case 'RecordReservation':
      return accepted(...reservationEvents(command, state));
    case 'RecordPreparation':
      return accepted(...preparationEvents(command, state));
    case 'TakeOverAttempt':
      return accepted(...takeOverEvents(command, state));
    case 'RecordAuthorization':
      return accepted(...authorizationEvents(command, state));
    case 'DecideCapture':
      return accepted(...captureDecision(command, state));
    case 'RecordCapture':
      return accepted(...captureEvents(command, state));
    case 'RecordVoid':
      return accepted(...voidEvents(command, state));
    case 'RecordRefund':
      return accepted(...refundEvents(command, state));
    case 'TakeNotice':
      return noticeDecision(command, state);
    case 'ExpireApproval':
      return accepted(...expiryEvents(command, state));
    case 'ExpireAuthorization':
      return accepted(...expiredAuthorization(command, state));
    case 'UnparkPayment':
      if (state.tenant !== command.tenant) return refused('not_found', { pointers: [] });
      if (state.unparkedBy.includes(command.operation)) return accepted();
      return state.parked
        ? accepted(...unparkEvents(command, state))
        : refused('invalid_transition', { pointers: [] });
    case 'CapturePayment':
    case 'CancelPayment':
    case 'RefundPayment':
    case 'ApprovePayment':
    case 'DenyPayment':
      return operate(command, state);
  }
}

/** What people and agents ask for: only about what they may see, and each operation once. */
function operate(command: CallerCommand, state: PaymentIntentState): PaymentIntentDecision {
  const isVisible =
    state.tenant === command.tenant && (command.agent === null || command.agent === state.agent);
  if (!isVisible) return refused('not_found', { pointers: [] });
  const pointers = repeatedOperationOf(state, command);
  if (pointers?.length) return refused('idempotency_key_reused', { pointers });
  if (pointers) return accepted();
  switch (command.type) {
    case 'CapturePayment':
      return captureRequest(command, state);
    case 'CancelPayment':
      return cancelDecision(command, state);
    case 'RefundPayment':
      return refundDecision(command, state);
    case 'ApprovePayment':
    case 'DenyPayment':
      return approvalDecision(command, state);
  }
}

function request(
  command: PaymentIntentCommandOf<'RequestPayment'>,
  state: PaymentIntentState,
): PaymentIntentDecision {
  const { id, tenant, agent, mandate, purchase, fingerprint, nowMs } = command;
  if (state.exists) {
    const pointers = differingPointers(command.request, state.request);
    return pointers.length > 0 ? refused('idempotency_key_reused', { pointers }) : accepted();
  }
  return accepted({
    type: 'PaymentIntentRequested',
    data: {
      ...{ id, tenant, agent, mandate, request: command.request, purchase, fingerprint },
      at: toRfc3339(nowMs),
    },
  });
}

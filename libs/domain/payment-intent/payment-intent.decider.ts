import { type Decider, type Decision, accepted, refused } from '../shared/decider.js';
import { differingPointers } from '../shared/json.js';
import { toRfc3339 } from '../shared/time.js';
import { authorizationEvents, preparationEvents } from './authorization.js';
import { captureDecision, captureEvents, voidEvents } from './capture.js';
import { failure } from './failures.js';
import { chooseRoute } from './route.js';
import { failed, startAttempt, unparkEvents } from './steps.js';
import type { PaymentIntentCommand, PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import {
  INITIAL_PAYMENT_INTENT,
  type PaymentIntentState,
  evolvePaymentIntent,
} from './payment-intent.state.js';

export type PaymentIntentRefusal = 'not_found' | 'idempotency_key_reused' | 'invalid_transition';
export interface PaymentIntentRefusalDetails {
  /** For a reused key: JSON pointers to what differs from the first request. */
  pointers: readonly string[];
}

export type PaymentIntentDecision = Decision<
  PaymentIntentEvent,
  PaymentIntentRefusal,
  PaymentIntentRefusalDetails
>;

/** The exact answer to the request, given the concluded state. Pure; lives with the wire format. */
export type RenderAnswer = (state: PaymentIntentState) => { status: number; body: string };

/**
 * One purchase the agent wants to happen at most once. Whatever concludes the request appends its answer with it, so that
 * what the agent was told is as durable as what happened.
 */
export function paymentIntentDecider(
  render: RenderAnswer,
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
      return decision.ok ? accepted(...withAnswer(decision.events, state, render)) : decision;
    },
  };
}

function withAnswer(
  events: readonly PaymentIntentEvent[],
  before: PaymentIntentState,
  render: RenderAnswer,
): readonly PaymentIntentEvent[] {
  if (before.answer || events.length === 0) return events;
  const after = events.reduce(evolvePaymentIntent, before);
  if (after.concludedAt === null) return events;
  // The answer names the revision that includes the answer itself.
  const { status, body } = render({ ...after, revision: after.revision + 1 });
  return [...events, { type: 'RequestConcluded', data: { status, body, at: after.concludedAt } }];
}

function decide(command: PaymentIntentCommand, state: PaymentIntentState): PaymentIntentDecision {
  if (command.type === 'RequestPayment') return request(command, state);
  if (!state.exists) return refused('not_found', { pointers: [] });
  switch (command.type) {
    case 'JudgePayment':
      return judge(command, state);
    case 'RecordPreparation':
      return accepted(...preparationEvents(command, state));
    case 'RecordAuthorization':
      return accepted(...authorizationEvents(command, state));
    case 'DecideCapture':
      return accepted(...captureDecision(command, state));
    case 'RecordCapture':
      return accepted(...captureEvents(command, state));
    case 'RecordVoid':
      return accepted(...voidEvents(command, state));
    case 'UnparkPayment':
      if (state.tenant !== command.tenant) return refused('not_found', { pointers: [] });
      if (state.unparkedBy.includes(command.operation)) return accepted();
      return state.parked
        ? accepted(...unparkEvents(command, state))
        : refused('invalid_transition', { pointers: [] });
  }
}

function request(
  command: PaymentIntentCommandOf<'RequestPayment'>,
  state: PaymentIntentState,
): PaymentIntentDecision {
  const { id, tenant, agent, mandate, nowMs } = command;
  if (state.exists) {
    const pointers = differingPointers(command.request, state.request);
    return pointers.length > 0 ? refused('idempotency_key_reused', { pointers }) : accepted();
  }
  return accepted({
    type: 'PaymentIntentRequested',
    data: { id, tenant, agent, mandate, request: command.request, at: toRfc3339(nowMs) },
  });
}

/** Records what the judges said; refuses, or routes and starts the first attempt, in the same append. */
function judge(
  command: PaymentIntentCommandOf<'JudgePayment'>,
  state: PaymentIntentState,
): PaymentIntentDecision {
  if (state.judged || state.status !== 'processing') return accepted();
  const at = toRfc3339(command.nowMs);
  const events: PaymentIntentEvent[] = [];
  if (command.policy) events.push({ type: 'PolicyDecided', data: { ...command.policy, at } });
  if (command.fraud) events.push({ type: 'FraudScreened', data: { ...command.fraud, at } });
  if (command.mandate) events.push({ type: 'MandateDecided', data: { ...command.mandate, at } });
  const judged = {
    mandate: state.mandate,
    mandateDecision: command.mandate && { ...command.mandate, at },
  };
  // Without a reservation there is no authority, whatever the judges say.
  const unreserved = failure('mandate_required', 'No budget is reserved.');
  const refusal =
    command.mandate?.decision === 'reserved' ? command.refusal : (command.refusal ?? unreserved);
  if (refusal) return accepted(...events, failed(judged, refusal, at));
  const candidates = chooseRoute(command.processors, state.currency, new Set());
  return accepted(...events, ...startAttempt(state, candidates, command));
}

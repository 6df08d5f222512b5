import { toRfc3339 } from '../shared/time.js';
import { failure } from './failures.js';
import type { AuthorityNow, PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { ApprovalReason, Failure, PaymentIntentEvent } from './payment-intent.events.js';
import type { PaymentIntentState } from './payment-intent.state.js';
import { requestedReservation } from './reservation.steps.js';
import { chooseRoute } from './route.js';
import { failed, startAttempt } from './steps.js';

type Judge = PaymentIntentCommandOf<'JudgePayment'>;

/**
 * Records what the judges said; refuses, asks a human, asks the merchant, or routes and starts the first attempt, in the
 * same append. After an approval the judges are heard again: what they refuse is refused, and only what the approver
 * was not told of is asked about.
 */
export function judgementEvents(command: Judge, state: PaymentIntentState): PaymentIntentEvent[] {
  if (!state.judging || state.status !== 'processing') return [];
  const at = toRfc3339(command.nowMs);
  const events = heard(command, at);
  // Without a reservation there is no authority, whatever the judges say.
  const unreserved = failure('mandate_required', 'No budget is reserved.');
  const { authority } = command;
  const refusal =
    command.refusal ??
    (command.mandate?.decision !== 'reserved' ? unreserved : null) ??
    (authority === 'active' ? null : withdrawn(authority));
  if (refusal) return [...events, ...failed(state, refusal, at)];
  const reasons = command.reasons.filter((reason) => !isApproved(state, reason));
  if (reasons.length > 0) {
    const { fingerprint } = state;
    const dueAt = command.approvalDueAt;
    const data = { stage: 'authorization', reasons, fingerprint, dueAt, at } as const;
    return [...events, { type: 'ApprovalRequested', data }];
  }
  const call = requestedReservation(state);
  if (call) return [...events, { type: 'ReservationStarted', data: { call, at } }];
  const candidates = chooseRoute(command.processors, state.currency, new Set());
  return [...events, ...startAttempt(state, candidates, command)];
}

/** The first attempt after a reservation, or the next one: if the agent still may pay, at whoever can take it now. */
export function routeEvents(
  command: PaymentIntentCommandOf<'RouteAttempt'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  if (!state.routing || state.status !== 'processing') return [];
  const { authority, processors, nowMs } = command;
  if (authority !== 'active') return failed(state, withdrawn(authority), toRfc3339(nowMs));
  const attempted = new Set(state.attempts.map(({ processor }) => processor));
  return startAttempt(state, chooseRoute(processors, state.currency, attempted), command);
}

/** The agent may not pay any more: an operator said so after the payment began. */
export function withdrawn(authority: Exclude<AuthorityNow, 'active'>): Failure {
  return authority === 'agent_suspended'
    ? failure(authority, 'The agent was suspended.')
    : failure(authority, 'The mandate was revoked.');
}

export function isApproved(
  { approved }: PaymentIntentState,
  { source, rule }: Pick<ApprovalReason, 'source' | 'rule'>,
): boolean {
  return approved.some((reason) => reason.source === source && reason.rule === rule);
}

function heard({ policy, fraud, mandate }: Judge, at: string): PaymentIntentEvent[] {
  const events: PaymentIntentEvent[] = [];
  if (policy) events.push({ type: 'PolicyDecided', data: { ...policy, at } });
  if (fraud) events.push({ type: 'FraudScreened', data: { ...fraud, at } });
  if (mandate) events.push({ type: 'MandateDecided', data: { ...mandate, at } });
  return events;
}

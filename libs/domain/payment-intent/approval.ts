import { accepted, refused } from '../shared/decider.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import { failure } from './failures.js';
import { operationRequested } from './operations.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentDecision } from './payment-intent.decider.js';
import type { Failure, PaymentIntentEvent } from './payment-intent.events.js';
import { type PaymentIntentState, currentAttempt } from './payment-intent.state.js';
import { failed, screeningOf, voidStarted } from './steps.js';

/** Single use, in time, about the very request that was shown, and by nobody who asked for the money. */
export function approvalDecision(
  command: PaymentIntentCommandOf<'ApprovePayment'> | PaymentIntentCommandOf<'DenyPayment'>,
  state: PaymentIntentState,
): PaymentIntentDecision {
  const { by, nowMs } = command;
  const { approval } = state;
  if (by === state.agent) return refused('forbidden', { pointers: [] });
  if (state.status !== 'requires_approval' || !approval)
    return refused('invalid_transition', { pointers: [] });
  if (nowMs >= toEpochMs(approval.dueAt)) return refused('approval_expired', { pointers: [] });
  const at = toRfc3339(nowMs);
  if (command.type === 'DenyPayment') {
    const denied: PaymentIntentEvent = { type: 'ApprovalDenied', data: { by, at } };
    const reason = failure('approval_denied', 'A human denied this payment.');
    return accepted(
      operationRequested(command, 'deny'),
      denied,
      ...withoutApproval(state, reason, command),
    );
  }
  const { stage, fingerprint } = approval;
  if (command.fingerprint !== null && command.fingerprint !== fingerprint)
    return refused('invalid_transition', { pointers: ['/fingerprint'] });
  const data = { stage, fingerprint, by, payment: requestedFacts(state), held: held(state), at };
  return accepted(operationRequested(command, 'approve'), { type: 'ApprovalGranted', data });
}

export function expiryEvents(
  command: PaymentIntentCommandOf<'ExpireApproval'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const dueAtMs = toEpochMs(state.approval?.dueAt ?? '');
  if (state.status !== 'requires_approval' || command.nowMs < dueAtMs) return [];
  const at = toRfc3339(command.nowMs);
  const reason = failure('approval_expired', 'Nobody approved this payment in time.');
  return [{ type: 'ApprovalExpired', data: { at } }, ...withoutApproval(state, reason, command)];
}

/** What is held is let go first. */
function withoutApproval(
  state: PaymentIntentState,
  reason: Failure,
  acting: { nowMs: number; sender: string },
): PaymentIntentEvent[] {
  const attempt = currentAttempt(state);
  return attempt && state.heldMinor > 0
    ? [voidStarted(state, attempt, reason, acting)]
    : failed(state, reason, toRfc3339(acting.nowMs));
}

function requestedFacts({ id, tenant, agent, mandate, request, purchase }: PaymentIntentState) {
  return { id, tenant, agent, mandate, request, ...(purchase !== null && { purchase }) };
}

function held(state: PaymentIntentState) {
  const attempt = currentAttempt(state);
  if (!attempt || state.heldMinor === 0) return null;
  const screening = screeningOf(state, state.captureMinor ?? state.amountAuthorizedMinor);
  return { number: attempt.number, screening };
}

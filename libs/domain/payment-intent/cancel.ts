import { accepted, refused } from '../shared/decider.js';
import { toRfc3339 } from '../shared/time.js';
import { giveUpWaiting } from './buyer-action.js';
import { operationRequested } from './operations.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentDecision } from './payment-intent.decider.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import {
  type AttemptState,
  type PaymentIntentState,
  currentAttempt,
} from './payment-intent.state.js';
import { canceled, voidStarted } from './steps.js';

/**
 * Undoes what can be undone now. A call whose outcome is open is waited for: when it held money that is voided, when it moved
 * money that is refunded, and nobody else is asked in any case.
 */
export function cancelDecision(
  command: PaymentIntentCommandOf<'CancelPayment'>,
  state: PaymentIntentState,
): PaymentIntentDecision {
  const at = toRfc3339(command.nowMs);
  if (state.concludedAt !== null) return refused('invalid_transition', { pointers: [] });
  const asked: PaymentIntentEvent[] = [
    operationRequested(command, 'cancel'),
    { type: 'CancelRequested', data: { by: command.by, at } },
  ];
  const waiting = openAction(state);
  if (waiting) {
    const expired = giveUpWaiting(state, waiting, 'canceled', command.nowMs);
    return accepted(...asked, ...expired);
  }
  const isWaitedFor = state.pending !== null || state.amountCapturedMinor > 0;
  if (isWaitedFor) return accepted(...asked);
  const attempt = currentAttempt(state);
  return attempt && state.heldMinor > 0
    ? accepted(...asked, voidStarted(state, attempt, null, command))
    : accepted(...asked, ...canceled(state, at));
}

/** The attempt whose buyer has something to do. */
function openAction(state: PaymentIntentState): AttemptState | undefined {
  const { pending } = state;
  if (!pending?.action || pending.action.expired || pending.parked !== null) return undefined;
  return state.attempts.find(({ number }) => number === pending.number);
}

/** A hold that nobody captured is let go before the processor lets it lapse. */
export function expiredAuthorization(
  command: PaymentIntentCommandOf<'ExpireAuthorization'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = currentAttempt(state);
  const waits = state.status === 'requires_capture' || state.status === 'requires_approval';
  if (!attempt || !waits || state.heldMinor === 0) return [];
  const at = toRfc3339(command.nowMs);
  return [
    { type: 'AuthorizationExpired', data: { number: attempt.number, at } },
    voidStarted(state, attempt, null, command),
  ];
}

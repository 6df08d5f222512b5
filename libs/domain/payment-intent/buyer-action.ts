import { toRfc3339 } from '../shared/time.js';
import { failure } from './failures.js';
import { nextSettling } from './ladder.js';
import type { Failure, PaymentIntentEvent } from './payment-intent.events.js';
import type { AttemptState, PaymentIntentState } from './payment-intent.state.js';
import { probeAt, stillUnknown, uncertain } from './steps.js';

/** How long the buyer may take, for example to pass 3-D Secure. */
const WAITED_FOR_MS = 30 * 60_000;
/** Buyers take seconds or minutes, so it is looked after them at least every minute. */
const DELAY_MAX_MS = 60_000;

interface Reported {
  nowMs: number;
  probe?: number;
}

/** The processor wants the buyer to do something first. Whoever has canceled the payment does not wait for that. */
export function buyerActionRequired(
  state: PaymentIntentState,
  attempt: AttemptState,
  { reference, url }: { reference: string; url: string },
  command: Reported,
): PaymentIntentEvent[] {
  const { pending, canceling } = state;
  if (pending?.action || canceling) return stillWaiting(state, attempt, 'action_required', command);
  const { nowMs, probe: asked = 0 } = command;
  const { number } = attempt;
  const at = toRfc3339(nowMs);
  const dueAt = toRfc3339(nowMs + WAITED_FOR_MS);
  const required: PaymentIntentEvent = {
    type: 'BuyerActionRequired',
    data: { number, reference, url, dueAt, at },
  };
  return (pending?.probes ?? 0) > asked
    ? [required]
    : [required, ...lookAgain(state, attempt, nowMs, nowMs)];
}

/** Nothing definite was said. While the buyer is waited for that is no news; afterwards the outcome is unknown. */
export function stillWaiting(
  state: PaymentIntentState,
  attempt: AttemptState,
  evidence: string,
  command: Reported,
): PaymentIntentEvent[] {
  const { nowMs, probe: asked = 0 } = command;
  const { pending } = state;
  const action = pending?.action;
  if (!action || action.expired)
    return stillUnknown(state, attempt, 'authorize', evidence, command);
  if (pending.probes > asked) return [];
  return nowMs < action.dueAtMs
    ? lookAgain(state, attempt, action.atMs, nowMs)
    : giveUpWaiting(state, attempt, 'buyer_action_expired', nowMs);
}

/** The attempt is to take no money any more; only a fence can prove that it does not. */
export function giveUpWaiting(
  state: PaymentIntentState,
  attempt: AttemptState,
  after: string,
  nowMs: number,
): PaymentIntentEvent[] {
  const { number, fence } = attempt;
  const at = toRfc3339(nowMs);
  const next = { rung: fence ? 'fence' : 'resend', dueAtMs: nowMs } as const;
  return [
    { type: 'BuyerActionExpired', data: { number, at } },
    probeAt(state, attempt, 'authorize', next, after, at),
  ];
}

/** Another processor would ask the buyer who did not act, too. */
export function failureOfAction({ processor }: AttemptState): Failure {
  const decline = { code: 'buyer_action_expired', category: 'hard', message: null } as const;
  const detail = `The buyer did not do in time what ${processor} asked for.`;
  return { ...failure('payment_declined', detail), decline };
}

function lookAgain(
  state: PaymentIntentState,
  attempt: AttemptState,
  sinceMs: number,
  nowMs: number,
): PaymentIntentEvent[] {
  const { number } = attempt;
  const at = toRfc3339(nowMs);
  const next = nextSettling(uncertain(state, attempt, 'authorize'), sinceMs, nowMs, DELAY_MAX_MS);
  const reason = 'authorize_never_told';
  return [
    next
      ? probeAt(state, attempt, 'authorize', next, 'action_required', at)
      : { type: 'PaymentParked', data: { number, reason, at } },
  ];
}

import { holdPostings } from '../money/postings.js';
import { toRfc3339 } from '../shared/time.js';
import { buyerActionRequired, failureOfAction, stillWaiting } from './buyer-action.js';
import { captureDecision } from './capture.js';
import { contradiction } from './contradiction.js';
import { failureOfAttempts } from './failures.js';
import type { Outcome } from './outcome.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import {
  type AttemptState,
  type PaymentIntentState,
  callFacts,
  evolvePaymentIntent,
} from './payment-intent.state.js';
import {
  canceled,
  failOver,
  failed,
  posted,
  screeningAtOnce,
  screeningOf,
  voidStarted,
} from './steps.js';

type RecordAuthorization = PaymentIntentCommandOf<'RecordAuthorization'>;
type RecordPreparation = PaymentIntentCommandOf<'RecordPreparation'>;

/** The unconfirmed charge exists, or it does not: no money can have moved, so everything else goes on to the next processor. */
export function preparationEvents(
  command: RecordPreparation,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = state.attempts.find(({ number }) => number === command.number);
  if (attempt?.outcome !== 'started' || attempt.authorization !== 'two_step') return [];
  const { number, outcome, sender, durationMs } = command;
  if (outcome.kind === 'prepared') {
    const { reference } = outcome;
    const at = toRfc3339(command.nowMs);
    // What is never confirmed never takes money.
    if (state.canceling) {
      const data = { number, evidence: 'canceled_before_confirmation', at };
      return [{ type: 'AttemptFenced', data }, ...canceled(state, at)];
    }
    const call = callFacts(state, { ...attempt, reference }, state.amountMinor);
    const screening = screeningAtOnce(state);
    return [{ type: 'AttemptPrepared', data: { number, reference, call, screening, sender, at } }];
  }
  return settleAttempt({ ...command, outcome, firstSend: true, durationMs }, state, attempt);
}

/** What a call that authorizes came to, from the first call, a probe, or an answer that came late. */
export function authorizationEvents(
  command: RecordAuthorization,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = state.attempts.find(({ number }) => number === command.number);
  if (!attempt) return [];
  const open = state.pending?.operation === 'authorize' && state.pending.number === attempt.number;
  return open
    ? settleAttempt(command, state, attempt)
    : moneyAfterAll(attempt, command.outcome, command.nowMs);
}

/** Recorded before anybody but its sender sends a call that authorizes, and only while its outcome is open. */
export function takeOverEvents(
  { number, sender, nowMs }: PaymentIntentCommandOf<'TakeOverAttempt'>,
  { pending }: PaymentIntentState,
): PaymentIntentEvent[] {
  const isOpen = pending?.operation === 'authorize' && pending.number === number;
  if (!isOpen || pending.takenOver) return [];
  return [{ type: 'AttemptTakenOver', data: { number, sender, at: toRfc3339(nowMs) } }];
}

function settleAttempt(
  command: Omit<RecordAuthorization, 'type'>,
  state: PaymentIntentState,
  attempt: AttemptState,
): PaymentIntentEvent[] {
  const { number, outcome, durationMs, nowMs } = command;
  const at = toRfc3339(nowMs);
  switch (outcome.kind) {
    case 'succeeded':
      // The connector compares too; an amount that was not meant is never booked as one that was.
      if (outcome.amountMinor !== state.amountMinor || outcome.currency !== state.currency)
        return stillWaiting(state, attempt, 'amount_mismatch', command);
      return authorized(command, outcome, state, attempt);
    case 'declined': {
      const { code, category } = outcome;
      const message = outcome.message ?? null;
      const declined = {
        type: 'AttemptDeclined' as const,
        data: { number, code, category, message, durationMs, at },
      };
      const attempts = state.attempts.map((each) =>
        each.number === number ? { ...each, decline: { code, category, message } } : each,
      );
      if (category === 'soft' || state.canceling) return failOver(state, declined, at);
      return [declined, ...failed(state, failureOfAttempts(attempts), at)];
    }
    case 'not_executed': {
      const { evidence } = outcome;
      // A call that was refused proves nothing about another one that may have gone out before it or beside it.
      if (
        !command.firstSend ||
        state.pending?.unknown ||
        state.pending?.takenOver ||
        state.pending?.action
      )
        return stillWaiting(state, attempt, evidence, command);
      const ended = {
        type: 'AttemptNotExecuted' as const,
        data: { number, evidence, durationMs, at },
      };
      return failOver(state, ended, at);
    }
    case 'fenced': {
      const ended = {
        type: 'AttemptFenced' as const,
        data: { number, evidence: outcome.evidence, at },
      };
      return state.pending?.action && !state.canceling
        ? [ended, ...failed(state, failureOfAction(attempt), at)]
        : failOver(state, ended, at);
    }
    case 'unknown':
      return stillWaiting(state, attempt, outcome.evidence, command);
    case 'action_required':
      return buyerActionRequired(state, attempt, outcome, command);
    case 'accepted':
      return stillWaiting(state, attempt, 'accepted', command);
  }
}

/** Held: captured next, or kept until the agent asks for it, or let go when the payment was canceled meanwhile. */
function authorized(
  command: Omit<RecordAuthorization, 'type'>,
  outcome: Extract<Outcome, { kind: 'succeeded' }>,
  state: PaymentIntentState,
  attempt: AttemptState,
): PaymentIntentEvent[] {
  const { number, durationMs, nowMs } = command;
  const { reference, amountMinor, currency } = outcome;
  const { processor, authorizationValidForMs } = attempt;
  const { agent, canceling, captureMethod } = state;
  const at = toRfc3339(nowMs);
  const isCapturedNow = captureMethod === 'automatic' && !canceling;
  const { sender, capture, authority } = command;
  const isJudged = capture !== undefined && authority !== undefined;
  const screening = isCapturedNow && !isJudged ? screeningOf(state, amountMinor) : null;
  const risk = outcome.risk && { risk: outcome.risk };
  const events: PaymentIntentEvent[] = [
    {
      type: 'PaymentAuthorized',
      data: {
        number,
        processor,
        reference,
        amountMinor,
        currency,
        durationMs,
        screening,
        ...risk,
        at,
      },
    },
    posted('PaymentAuthorized', holdPostings({ agent, processor, amountMinor, currency }), at),
  ];
  if (canceling) {
    const held = { ...state, heldMinor: amountMinor };
    return [...events, voidStarted(held, { ...attempt, reference }, null, command)];
  }
  if (isCapturedNow) {
    if (!isJudged) return events;
    const decided = {
      ...({ type: 'DecideCapture', number, nowMs, sender, authority } as const),
      ...capture,
    };
    return [...events, ...captureDecision(decided, events.reduce(evolvePaymentIntent, state))];
  }
  const dueAt = toRfc3339(nowMs + authorizationValidForMs - margin(authorizationValidForMs));
  return [...events, { type: 'CaptureAwaited', data: { number, dueAt, at } }];
}

const MARGIN_MAX_MS = 3_600_000;

/** A hold is let go a while before the processor would: an hour, or a tenth of a short one. */
function margin(validForMs: number): number {
  return Math.min(validForMs / 10, MARGIN_MAX_MS);
}

/** An attempt proven to take no money that reports money after all. */
function moneyAfterAll(
  attempt: AttemptState,
  outcome: Outcome,
  nowMs: number,
): PaymentIntentEvent[] {
  const recorded = attempt.outcome;
  const provenWithoutMoney = ['declined', 'not_executed', 'fenced'].includes(recorded);
  if (outcome.kind !== 'succeeded' || !provenWithoutMoney) return [];
  const reported = `succeeded ${outcome.reference}`;
  return contradiction(attempt, { recorded, reported }, nowMs);
}

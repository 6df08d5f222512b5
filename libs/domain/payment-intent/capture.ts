import { releasePostings, spendPostings } from '../money/postings.js';
import { toRfc3339 } from '../shared/time.js';
import { failure } from './failures.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { Failure, PaymentIntentEvent } from './payment-intent.events.js';
import {
  type AttemptState,
  type PaymentIntentState,
  callFacts,
  currentAttempt,
} from './payment-intent.state.js';
import { failed, posted, stillUnknown } from './steps.js';

/** Money is held: the second fraud screen says whether it is taken or let go. */
export function captureDecision(
  command: PaymentIntentCommandOf<'DecideCapture'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = currentAttempt(state);
  const { number, sender, fraud } = command;
  const ready = attempt?.number === number && attempt.outcome === 'authorized' && !state.pending;
  if (!ready) return [];
  const at = toRfc3339(command.nowMs);
  const screened: PaymentIntentEvent = { type: 'FraudScreened', data: { ...fraud, at } };
  if (fraud.verdict !== 'allow')
    return [screened, voidStarted(state, attempt, fraudFailure(fraud.verdict), sender, at)];
  const amountMinor = state.amountAuthorizedMinor;
  const call = callFacts(state, attempt, amountMinor);
  return [screened, { type: 'CaptureStarted', data: { number, amountMinor, call, sender, at } }];
}

export function captureEvents(
  command: PaymentIntentCommandOf<'RecordCapture'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = pendingAttempt(state, 'capture', command.number);
  if (!attempt) return [];
  const { number, outcome, nowMs, sender } = command;
  const at = toRfc3339(nowMs);
  switch (outcome.kind) {
    case 'succeeded':
      if (
        outcome.amountMinor !== state.amountAuthorizedMinor ||
        outcome.currency !== state.currency
      )
        return stillUnknown(state, attempt, 'capture', 'amount_mismatch', command);
      return captured(state, attempt, outcome, at);
    case 'declined': {
      const { code } = outcome;
      const reason = failure('payment_declined', `The capture was refused: ${code}.`);
      return [
        { type: 'CaptureDeclined', data: { number, code, at } },
        voidStarted(state, attempt, reason, sender, at),
      ];
    }
    case 'not_executed':
    case 'unknown':
    case 'fenced':
      // A capture stays with its processor: the same key again, or a look-up, until it is known.
      return stillUnknown(state, attempt, 'capture', outcome.evidence, command);
  }
}

function captured(
  state: PaymentIntentState,
  { number, processor }: AttemptState,
  outcome: { reference: string; amountMinor: number; currency: string },
  at: string,
): PaymentIntentEvent[] {
  const { reference, amountMinor, currency } = outcome;
  const { agent } = state;
  const held = { agent, processor, amountMinor: state.heldMinor, currency };
  const taken = { agent, processor, amountMinor, currency };
  return [
    {
      type: 'PaymentCaptured',
      data: { number, processor, reference, amountMinor, currency, at },
    },
    posted('PaymentCaptured', [...releasePostings(held), ...spendPostings(taken)], at),
    { type: 'PaymentSucceeded', data: { mandate: state.mandate, spentMinor: amountMinor, at } },
  ];
}

export function voidEvents(
  command: PaymentIntentCommandOf<'RecordVoid'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = pendingAttempt(state, 'void', command.number);
  if (!attempt) return [];
  const { number, outcome, nowMs } = command;
  const at = toRfc3339(nowMs);
  if (outcome.kind !== 'succeeded' && outcome.kind !== 'fenced') {
    // Also a refused void: as long as the processor does not say that nothing is held, something may be.
    const evidence = outcome.kind === 'declined' ? outcome.code : outcome.evidence;
    return stillUnknown(state, attempt, 'void', evidence, command);
  }
  const { agent, heldMinor: amountMinor, currency } = state;
  const held = { agent, processor: attempt.processor, amountMinor, currency };
  return [
    { type: 'AuthorizationVoided', data: { number, amountMinor, at } },
    posted('AuthorizationVoided', releasePostings(held), at),
    failed(state, state.abandoning ?? voided(), at),
  ];
}

function voidStarted(
  state: PaymentIntentState,
  attempt: AttemptState,
  reason: Failure,
  sender: string,
  at: string,
): PaymentIntentEvent {
  const { number } = attempt;
  const call = callFacts(state, attempt, state.heldMinor);
  return { type: 'VoidStarted', data: { number, failure: reason, call, sender, at } };
}

function voided(): Failure {
  return failure('payment_declined', 'The authorization was voided.');
}

function fraudFailure(verdict: 'review' | 'block'): Failure {
  return failure('fraud_blocked', `The fraud screen before capture said ${verdict}.`);
}

function pendingAttempt(
  state: PaymentIntentState,
  operation: 'capture' | 'void',
  number: number,
): AttemptState | undefined {
  const { pending } = state;
  if (pending?.operation !== operation || pending.number !== number) return undefined;
  return state.attempts.find((attempt) => attempt.number === number);
}

import { releasePostings, spendPostings } from '../money/postings.js';
import { accepted, refused } from '../shared/decider.js';
import { toRfc3339 } from '../shared/time.js';
import { failure, reviewReason } from './failures.js';
import { isApproved, withdrawn } from './judgement.js';
import { operationRequested } from './operations.js';
import type { Outcome } from './outcome.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentDecision } from './payment-intent.decider.js';
import type { Failure, FraudScreening, PaymentIntentEvent } from './payment-intent.events.js';
import {
  type AttemptState,
  type PaymentIntentState,
  callFacts,
  currentAttempt,
} from './payment-intent.state.js';
import { cancelingRefund } from './refund.js';
import { confirmEvents } from './reservation.steps.js';
import {
  canceled,
  failed,
  posted,
  screeningOf,
  stillUnknown,
  succeeded,
  takenOn,
  voidStarted,
} from './steps.js';

/** What is held is to be taken, all of it or a part; the rest is let go with it. */
export function captureRequest(
  command: PaymentIntentCommandOf<'CapturePayment'>,
  state: PaymentIntentState,
): PaymentIntentDecision {
  const attempt = currentAttempt(state);
  if (state.status !== 'requires_capture' || !attempt)
    return refused('invalid_transition', { pointers: [] });
  if (state.mandate !== null && !command.activeMandates.includes(state.mandate))
    return refused('mandate_revoked', { pointers: [] });
  const heldMinor = state.amountAuthorizedMinor;
  const amountMinor = command.amountMinor ?? heldMinor;
  if (amountMinor > heldMinor || amountMinor < 1)
    return refused('amount_exceeds_capturable', { pointers: ['/amount'], leftMinor: heldMinor });
  const { number } = attempt;
  const screening = screeningOf(state, amountMinor);
  const at = toRfc3339(command.nowMs);
  return accepted(operationRequested(command, 'capture'), {
    type: 'CaptureRequested',
    data: { number, amountMinor, screening, at },
  });
}

/** Money is held: the second fraud screen says whether it is taken or let go, or whether a human is asked. */
export function captureDecision(
  command: PaymentIntentCommandOf<'DecideCapture'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = currentAttempt(state);
  const { number, sender, fraud, authority, approvalDueAt: dueAt, nowMs } = command;
  if (attempt?.number !== number || !isToBeCaptured(state, attempt)) return [];
  const at = toRfc3339(nowMs);
  const screenings = [fraud, ...processorScreening(attempt)];
  const screened = screenings.map((each): PaymentIntentEvent => ({
    type: 'FraudScreened',
    data: { ...each, at },
  }));
  const letGo = (reason: Failure) => [...screened, voidStarted(state, attempt, reason, command)];
  if (authority !== 'active') return letGo(withdrawn(authority));
  if (screenings.some(({ verdict }) => verdict === 'block')) return letGo(fraudFailure('block'));
  const reasons = screenings.filter(({ verdict }) => verdict === 'review').map(reviewReason);
  if (reasons.some((reason) => !isApproved(state, reason))) {
    const { fingerprint } = state;
    const data = { stage: 'capture', reasons, fingerprint, dueAt, at } as const;
    return [...screened, { type: 'ApprovalRequested', data }];
  }
  const amountMinor = state.captureMinor ?? state.amountAuthorizedMinor;
  const call = callFacts(state, attempt, amountMinor, nowMs + attempt.keySafeForMs);
  return [...screened, { type: 'CaptureStarted', data: { number, amountMinor, call, sender, at } }];
}

const SCORES = { allow: 0, review: 50, block: 100 } as const;

/** What the processor's own fraud screen said when it authorized, where it has one. */
function processorScreening({ risk, processor }: AttemptState): FraudScreening[] {
  if (!risk) return [];
  const { verdict, level } = risk;
  return [
    {
      stage: 'capture',
      verdict,
      reason: 'fraud',
      score: risk.score ?? SCORES[verdict],
      provider: processor,
      rules: [{ rule: 'processor_risk', result: verdict, level }],
      failMode: null,
      error: null,
    },
  ];
}

function isToBeCaptured(state: PaymentIntentState, { outcome }: AttemptState): boolean {
  const wanted = state.captureMethod === 'automatic' || state.captureMinor !== null;
  return wanted && state.status === 'processing' && outcome === 'authorized' && !state.pending;
}

export function captureEvents(
  command: PaymentIntentCommandOf<'RecordCapture'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = pendingAttempt(state, 'capture', command.number);
  if (!attempt) return [];
  const { number, outcome } = command;
  const at = toRfc3339(command.nowMs);
  switch (outcome.kind) {
    case 'succeeded':
      if (outcome.amountMinor !== state.captureMinor || outcome.currency !== state.currency)
        return openStill(state, attempt, 'capture', 'amount_mismatch', command);
      return captured(state, attempt, outcome, command);
    case 'declined': {
      const { code } = outcome;
      const reason = failure('payment_declined', `The capture was refused: ${code}.`);
      return [
        { type: 'CaptureDeclined', data: { number, code, at } },
        voidStarted(state, attempt, state.canceling ? null : reason, command),
      ];
    }
    case 'accepted':
      return takenOn(state, attempt, 'capture', outcome.reference, command);
    case 'not_executed':
    case 'unknown':
    case 'fenced':
    case 'action_required':
      // A capture stays with its processor: the same key again, or a look-up, until it is known.
      return openStill(state, attempt, 'capture', evidenceOf(outcome), command);
  }
}

function captured(
  before: PaymentIntentState,
  attempt: AttemptState,
  outcome: { reference: string; amountMinor: number; currency: string },
  acting: { nowMs: number; sender: string },
): PaymentIntentEvent[] {
  const { reference, amountMinor, currency } = outcome;
  const { number, processor } = attempt;
  const { agent, heldMinor, canceling } = before;
  const at = toRfc3339(acting.nowMs);
  const held = { agent, processor, amountMinor: heldMinor, currency };
  const taken = { agent, processor, amountMinor, currency };
  const state = { ...before, amountCapturedMinor: amountMinor };
  return [
    {
      type: 'PaymentCaptured',
      data: { number, processor, reference, amountMinor, currency, at },
    },
    posted('PaymentCaptured', [...releasePostings(held), ...spendPostings(taken)], at),
    ...(canceling
      ? [cancelingRefund(state, attempt, amountMinor, acting)]
      : [...succeeded(state, at), ...confirmEvents(state, at)]),
  ];
}

export function voidEvents(
  command: PaymentIntentCommandOf<'RecordVoid'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = pendingAttempt(state, 'void', command.number);
  if (!attempt) return [];
  const { outcome, nowMs } = command;
  const at = toRfc3339(nowMs);
  if (outcome.kind !== 'succeeded' && outcome.kind !== 'fenced') {
    // Also a refused void: as long as the processor does not say that nothing is held, something may be.
    return outcome.kind === 'accepted'
      ? takenOn(state, attempt, 'void', outcome.reference, command)
      : openStill(state, attempt, 'void', evidenceOf(outcome), command);
  }
  return [
    ...heldReleased(state, attempt, at),
    ...(state.abandoning ? failed(state, state.abandoning, at) : canceled(state, at)),
  ];
}

/** Nothing is held any more. */
export function heldReleased(
  { agent, heldMinor: amountMinor, currency }: PaymentIntentState,
  { number, processor }: AttemptState,
  at: string,
): PaymentIntentEvent[] {
  const held = { agent, processor, amountMinor, currency };
  return [
    { type: 'AuthorizationVoided', data: { number, amountMinor, at } },
    posted('AuthorizationVoided', releasePostings(held), at),
  ];
}

/** What was taken on stays so, whatever asking about it came to. */
function openStill(
  state: PaymentIntentState,
  attempt: AttemptState,
  operation: 'capture' | 'void',
  evidence: string,
  command: { nowMs: number; probe?: number },
): PaymentIntentEvent[] {
  return (state.pending?.acceptedAtMs ?? null) === null
    ? stillUnknown(state, attempt, operation, evidence, command)
    : takenOn(state, attempt, operation, null, command);
}

function evidenceOf(outcome: Exclude<Outcome, { kind: 'succeeded' }>): string {
  if (outcome.kind === 'declined') return outcome.code;
  return 'evidence' in outcome ? outcome.evidence : outcome.kind;
}

function fraudFailure(verdict: string): Failure {
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

import { toRfc3339 } from '../shared/time.js';
import type { Posting } from '../money/postings.js';
import { failureOfAttempts } from './failures.js';
import { type Uncertain, UNANSWERED_MAX_MS, nextProbe, nextSettling } from './ladder.js';
import type { ProcessorFacts } from './payment-intent.commands.js';
import type {
  Failure,
  MoneyOperation,
  PaymentIntentEvent,
  RouteCandidate,
  Rung,
  ScreeningFacts,
} from './payment-intent.events.js';
import { type AttemptState, type PaymentIntentState, callFacts } from './payment-intent.state.js';
import { releaseEvents } from './reservation.steps.js';

/** Building blocks of decisions: each gives the events of one step. */

interface Acting {
  nowMs: number;
  sender: string;
}

/** The payment ends without its purchase. What was done for it is undone in reverse order, as far as it may have happened. */
export function failed(
  state: PaymentIntentState,
  failure: Failure,
  at: string,
): PaymentIntentEvent[] {
  return [
    ...releaseEvents(state, at),
    { type: 'PaymentFailed', data: { failure, ...undone(state), at } },
  ];
}

export function canceled(state: PaymentIntentState, at: string): PaymentIntentEvent[] {
  const reason = state.cancelReason;
  return [
    ...releaseEvents(state, at),
    { type: 'PaymentCanceled', data: { reason, ...undone(state), at } },
  ];
}

export function succeeded(state: PaymentIntentState, at: string): PaymentIntentEvent[] {
  const { mandate, amountCapturedMinor: spentMinor } = state;
  return [{ type: 'PaymentSucceeded', data: { mandate, spentMinor, at } }];
}

/**
 * Whatever was reserved and claimed is set free, also where nothing is on record: a judgement that a crash cut short, or one that
 * comes again after this end, must not leave anything behind. What was captured counts as spent, also when it came back.
 */
function undone({ mandate, purchase, amountCapturedMinor }: PaymentIntentState): {
  mandate: string | null;
  spentMinor: number;
  purchase: string | null;
} {
  const spentMinor = amountCapturedMinor;
  return {
    mandate,
    spentMinor,
    purchase: spentMinor > 0 ? null : purchase,
  };
}

export function posted(
  cause: string,
  postings: readonly Posting[],
  at: string,
): PaymentIntentEvent {
  return { type: 'LedgerPosted', data: { cause, postings, at } };
}

/** A processor is chosen next, by whoever can see which of them work and whether the agent still may pay. */
export function routeRequested(
  { tenant, agent, mandate, currency }: PaymentIntentState,
  at: string,
): PaymentIntentEvent {
  return { type: 'RouteRequested', data: { tenant, agent, mandate, currency, at } };
}

/** An attempt at the first eligible processor, or the end of the payment when there is none. */
export function startAttempt(
  state: PaymentIntentState,
  candidates: readonly RouteCandidate[],
  { nowMs, sender, processors }: Acting & { processors: readonly ProcessorFacts[] },
): PaymentIntentEvent[] {
  const at = toRfc3339(nowMs);
  const route: PaymentIntentEvent = { type: 'RouteChosen', data: { candidates, at } };
  const chosen = candidates.find(({ eligible }) => eligible);
  const facts = processors.find(({ name }) => name === chosen?.processor);
  if (!facts) return [route, ...failed(state, failureOfAttempts(state.attempts), at)];
  const number = state.attempts.length + 1;
  return [
    route,
    {
      type: 'AttemptStarted',
      data: {
        number,
        agent: state.agent,
        processor: facts.name,
        authorization: facts.authorization,
        fence: facts.fence,
        lookUp: facts.lookUp,
        key: `${state.id}-${number}`,
        amountMinor: state.amountMinor,
        currency: state.currency,
        paymentMethod: state.paymentMethod,
        keySafeUntil: toRfc3339(nowMs + facts.keySafeForMs),
        authorizationValidForMs: facts.authorizationValidForMs,
        screening: screeningAtOnce(state),
        sender,
        at,
      },
    },
  ];
}

/**
 * After `ended`, which must prove that the attempt takes no money, the next processor is tried. Called for nothing but a
 * soft decline, "not executed" and a fence: the only ways to a second attempt.
 */
export function failOver(
  state: PaymentIntentState,
  ended: PaymentIntentEvent & { type: 'AttemptDeclined' | 'AttemptNotExecuted' | 'AttemptFenced' },
  at: string,
): PaymentIntentEvent[] {
  return state.canceling ? [ended, ...canceled(state, at)] : [ended, routeRequested(state, at)];
}

/** Lets go of what is held. `failure`: why the payment fails; null when it is canceled. */
export function voidStarted(
  state: PaymentIntentState,
  attempt: AttemptState,
  failure: Failure | null,
  { nowMs, sender }: Acting,
): PaymentIntentEvent {
  const { number, keySafeForMs } = attempt;
  const call = callFacts(state, attempt, state.heldMinor, nowMs + keySafeForMs);
  return { type: 'VoidStarted', data: { number, failure, call, sender, at: toRfc3339(nowMs) } };
}

/** What the fraud screen is asked about as soon as money is held; null when that is captured later. */
export function screeningAtOnce(state: PaymentIntentState): ScreeningFacts | null {
  return state.captureMethod === 'automatic' ? screeningOf(state, state.amountMinor) : null;
}

/** What the fraud screen before capture is asked about. */
export function screeningOf(state: PaymentIntentState, amountMinor: number): ScreeningFacts {
  const { tenant, agent, mandate, currency, paymentMethod } = state;
  const payee = state.request['payee'] as unknown as ScreeningFacts['payee'];
  return { tenant, agent, mandate, payee, amountMinor, currency, paymentMethod };
}

/**
 * The outcome stays unknown: schedule the next probe, or park the payment for a human, its budget still reserved. A report that
 * is older than the probe already scheduled adds nothing, so there is never a second chain of probes.
 */
export function stillUnknown(
  state: PaymentIntentState,
  attempt: AttemptState,
  operation: Exclude<MoneyOperation, 'refund'>,
  evidence: string,
  { nowMs, probe: asked = 0 }: { nowMs: number; probe?: number },
): PaymentIntentEvent[] {
  const scheduled = state.pending?.probes ?? 0;
  if (scheduled > asked) return [];
  const { number } = attempt;
  const at = toRfc3339(nowMs);
  const events: PaymentIntentEvent[] = [];
  if (!state.pending?.unknown)
    events.push({ type: 'OutcomeUnknown', data: { number, operation, evidence, at } });
  if (state.pending?.parked) return events;
  const next = nextProbe(uncertain(state, attempt, operation), scheduled + 1, nowMs);
  if (!next) {
    const reason = `${operation}_unknown_past_safe_retry`;
    return [...events, { type: 'PaymentParked', data: { number, reason, at } }];
  }
  return [...events, probeAt(state, attempt, operation, next, evidence, at)];
}

/** Taken on: the processor carries it out in its own time. Said again, or not understood any more, it is still taken on. */
export function takenOn(
  state: PaymentIntentState,
  attempt: AttemptState,
  operation: 'capture' | 'void',
  /** The processor's name for what it took on; null when it did not answer now. */
  reference: string | null,
  { nowMs, probe: asked = 0 }: { nowMs: number; probe?: number },
): PaymentIntentEvent[] {
  const { pending } = state;
  const { number } = attempt;
  const at = toRfc3339(nowMs);
  const type = operation === 'capture' ? 'CaptureAccepted' : 'VoidAccepted';
  const acceptedAtMs = pending?.acceptedAtMs ?? null;
  const isNews = acceptedAtMs === null && reference !== null;
  const events: PaymentIntentEvent[] = isNews ? [{ type, data: { number, reference, at } }] : [];
  if ((pending?.probes ?? 0) > asked || pending?.parked) return events;
  const sinceMs = acceptedAtMs ?? nowMs;
  const maxMs = reference === null ? UNANSWERED_MAX_MS : undefined;
  const next = nextSettling(uncertain(state, attempt, operation), sinceMs, nowMs, maxMs);
  return next
    ? [...events, probeAt(state, attempt, operation, next, 'pending', at)]
    : [
        ...events,
        { type: 'PaymentParked', data: { number, reason: `${operation}_never_told`, at } },
      ];
}

/** Asks the next thing about the open operation. */
export function probeAt(
  { pending }: PaymentIntentState,
  { number }: AttemptState,
  operation: Exclude<MoneyOperation, 'refund'>,
  { rung, dueAtMs }: { rung: Rung; dueAtMs: number },
  after: string,
  at: string,
): PaymentIntentEvent {
  const probe = (pending?.probes ?? 0) + 1;
  const dueAt = toRfc3339(dueAtMs);
  return {
    type: 'ProbeScheduled',
    data: { number, operation, probe, rung, dueAt, after, at },
  };
}

export function uncertain(
  { pending }: PaymentIntentState,
  attempt: AttemptState,
  operation: MoneyOperation,
): Uncertain {
  const { fence, lookUp, keySafeUntilMs } = attempt;
  return {
    operation,
    fence,
    lookUp,
    keySafeUntilMs: pending?.keySafeUntilMs ?? keySafeUntilMs,
  };
}

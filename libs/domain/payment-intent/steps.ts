import { toRfc3339 } from '../shared/time.js';
import type { Posting } from '../money/postings.js';
import { failureOfAttempts } from './failures.js';
import { type Uncertain, nextProbe } from './ladder.js';
import type { PaymentIntentCommandOf, ProcessorFacts } from './payment-intent.commands.js';
import type {
  Failure,
  MoneyOperation,
  PaymentIntentEvent,
  RouteCandidate,
} from './payment-intent.events.js';
import type { AttemptState, PaymentIntentState } from './payment-intent.state.js';
import { chooseRoute } from './route.js';

/** Building blocks of decisions: each gives the events of one step. */

interface Acting {
  nowMs: number;
  sender: string;
  processors: readonly ProcessorFacts[];
}

/**
 * Whatever was reserved is set free. Also where no reservation is on record: it may have been made by a judgement that
 * a crash cut short; only a mandate that refused holds nothing for sure.
 */
export function failed(
  { mandate, mandateDecision }: Pick<PaymentIntentState, 'mandate' | 'mandateDecision'>,
  failure: Failure,
  at: string,
): PaymentIntentEvent {
  const holding = mandateDecision?.decision === 'refused' ? null : mandate;
  return { type: 'PaymentFailed', data: { failure, mandate: holding, spentMinor: 0, at } };
}

export function posted(
  cause: string,
  postings: readonly Posting[],
  at: string,
): PaymentIntentEvent {
  return { type: 'LedgerPosted', data: { cause, postings, at } };
}

/** The next attempt at the first eligible processor, or the end of the payment when there is none. */
export function startAttempt(
  state: PaymentIntentState,
  candidates: readonly RouteCandidate[],
  { nowMs, sender, processors }: Acting,
): PaymentIntentEvent[] {
  const at = toRfc3339(nowMs);
  const route: PaymentIntentEvent = { type: 'RouteChosen', data: { candidates, at } };
  const chosen = candidates.find(({ eligible }) => eligible);
  const facts = processors.find(({ name }) => name === chosen?.processor);
  if (!facts) return [route, failed(state, failureOfAttempts(state.attempts), at)];
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
  attempts: readonly AttemptState[],
  acting: Acting,
): PaymentIntentEvent[] {
  const attempted = new Set(attempts.map(({ processor }) => processor));
  const candidates = chooseRoute(acting.processors, state.currency, attempted);
  return [ended, ...startAttempt({ ...state, attempts }, candidates, acting)];
}

/**
 * The outcome stays unknown: schedule the next probe, or park the payment for a human, its budget still reserved. A report that
 * is older than the probe already scheduled adds nothing, so there is never a second chain of probes.
 */
export function stillUnknown(
  state: PaymentIntentState,
  attempt: AttemptState,
  operation: MoneyOperation,
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
  if (state.parked) return events;
  const probe = scheduled + 1;
  const next = nextProbe(uncertain(attempt, operation), probe, nowMs);
  if (!next) {
    const reason = `${operation}_unknown_past_safe_retry`;
    return [...events, { type: 'PaymentParked', data: { number, reason, at } }];
  }
  const { rung } = next;
  const dueAt = toRfc3339(next.dueAtMs);
  return [
    ...events,
    {
      type: 'ProbeScheduled',
      data: { number, operation, probe, rung, dueAt, after: evidence, at },
    },
  ];
}

function uncertain(attempt: AttemptState, operation: MoneyOperation): Uncertain {
  const { fence, lookUp, keySafeUntilMs } = attempt;
  return { operation, fence, lookUp, keySafeUntilMs };
}

/** An operator asks to look again: one probe now that moves no money by itself. */
export function unparkEvents(
  { nowMs, operation: id, by }: PaymentIntentCommandOf<'UnparkPayment'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const at = toRfc3339(nowMs);
  const events: PaymentIntentEvent[] = [
    { type: 'PaymentUnparked', data: { operation: id, by, at } },
  ];
  if (state.pending) {
    const { number, operation, probes } = state.pending;
    events.push({
      type: 'ProbeScheduled',
      data: {
        number,
        operation,
        probe: probes + 1,
        rung: 'look_up',
        dueAt: at,
        after: 'operator_retry',
        at,
      },
    });
  }
  return events;
}

import { refundPostings } from '../money/postings.js';
import { accepted, refused } from '../shared/decider.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import { UNANSWERED_MAX_MS, nextProbe, nextSettling } from './ladder.js';
import { operationRequested } from './operations.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentDecision } from './payment-intent.decider.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import {
  type AttemptState,
  type PaymentIntentState,
  callFacts,
  currentAttempt,
} from './payment-intent.state.js';
import { type RefundState, claimedByRefundsMinor, isRefundOpen } from './refund.state.js';
import { confirmEvents } from './reservation.steps.js';
import { canceled, posted, succeeded } from './steps.js';

type RecordRefund = PaymentIntentCommandOf<'RecordRefund'>;
type Probing = Extract<PaymentIntentEvent, { type: 'ProbeScheduled' | 'PaymentParked' }>;

/** The refund that undoes a payment which was canceled while its capture was on its way. */
const CANCEL = 'cancel';

/** What pending and unknown refunds may still take is not refundable either. */
export function refundDecision(
  command: PaymentIntentCommandOf<'RefundPayment'>,
  state: PaymentIntentState,
): PaymentIntentDecision {
  const attempt = currentAttempt(state);
  if (state.status !== 'succeeded' || !attempt)
    return refused('invalid_transition', { pointers: [] });
  const left = refundableMinor(state);
  const amountMinor = command.amountMinor ?? left;
  if (amountMinor > left || amountMinor < 1)
    return refused('amount_exceeds_refundable', { pointers: ['/amount'], leftMinor: left });
  const { operation: refund, reason } = command;
  return accepted(
    operationRequested(command, 'refund'),
    refundStarted(state, attempt, { refund, amountMinor, reason }, command),
  );
}

export function refundableMinor({ amountCapturedMinor, refunds }: PaymentIntentState): number {
  return amountCapturedMinor - claimedByRefundsMinor(refunds);
}

/** Gives back all that was captured, because the payment was canceled meanwhile. */
export function cancelingRefund(
  state: PaymentIntentState,
  attempt: AttemptState,
  amountMinor: number,
  acting: { nowMs: number; sender: string },
): PaymentIntentEvent {
  const wanted = { refund: CANCEL, amountMinor, reason: 'canceled' };
  return refundStarted(state, attempt, wanted, acting);
}

export function refundEvents(
  command: RecordRefund,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const refund = state.refunds.find((each) => each.refund === command.refund);
  const attempt = state.attempts.find(({ number }) => number === refund?.number);
  if (!refund || !attempt || !isRefundOpen(refund)) return [];
  const { outcome, nowMs } = command;
  const at = toRfc3339(nowMs);
  switch (outcome.kind) {
    case 'succeeded':
      if (outcome.amountMinor !== refund.amountMinor || outcome.currency !== state.currency)
        return stillOpen(command, refund, attempt, 'amount_mismatch');
      return refunded(state, refund, attempt, outcome.reference, at);
    case 'declined': {
      const { code, message = null } = outcome;
      const failedNow: PaymentIntentEvent = {
        type: 'RefundFailed',
        data: { refund: refund.refund, code, message, at },
      };
      return refund.refund === CANCEL
        ? // The money stays where it went: what was to be canceled is bought.
          [failedNow, ...succeeded(state, at), ...confirmEvents(state, at)]
        : [failedNow];
    }
    case 'accepted': {
      if (refund.status === 'accepted') return stillOpen(command, refund, attempt, 'pending');
      const { reference } = outcome;
      return [
        { type: 'RefundAccepted', data: { refund: refund.refund, reference, at } },
        settling(refund, attempt, nowMs),
      ];
    }
    case 'not_executed':
    case 'unknown':
      return stillOpen(command, refund, attempt, outcome.evidence);
  }
}

function refundStarted(
  state: PaymentIntentState,
  attempt: AttemptState,
  wanted: { refund: string; amountMinor: number; reason: string },
  { nowMs, sender }: { nowMs: number; sender: string },
): PaymentIntentEvent {
  const { number, key, keySafeForMs } = attempt;
  const sequence = state.refunds.length + 1;
  const call = {
    ...callFacts(state, attempt, wanted.amountMinor, nowMs + keySafeForMs),
    refund: { key: `${key}-r${sequence}`, reference: null },
  };
  const { currency } = state;
  const at = toRfc3339(nowMs);
  return {
    type: 'RefundStarted',
    data: { ...wanted, number, sequence, currency, call, sender, at },
  };
}

function refunded(
  state: PaymentIntentState,
  { refund, number, amountMinor }: RefundState,
  { processor }: AttemptState,
  reference: string,
  at: string,
): PaymentIntentEvent[] {
  const { agent, currency } = state;
  const moved = { agent, processor, amountMinor, currency };
  return [
    {
      type: 'RefundSucceeded',
      data: { refund, number, processor, reference, amountMinor, currency, at },
    },
    posted('RefundSucceeded', refundPostings(moved), at),
    ...(refund === CANCEL ? canceled(state, at) : []),
  ];
}

/** One chain of probes per refund: a report that is older than the probe already scheduled adds nothing. */
function stillOpen(
  { nowMs, probe: asked = 0 }: RecordRefund,
  refund: RefundState,
  attempt: AttemptState,
  evidence: string,
): PaymentIntentEvent[] {
  if (refund.probes > asked) return [];
  const at = toRfc3339(nowMs);
  if (refund.status === 'accepted') {
    const delayMaxMs = evidence === 'pending' ? undefined : UNANSWERED_MAX_MS;
    return refund.parked === null ? [settling(refund, attempt, nowMs, delayMaxMs)] : [];
  }
  const { number, keySafeUntilMs } = refund;
  const events: PaymentIntentEvent[] = [];
  if (refund.status === 'started')
    events.push({
      type: 'OutcomeUnknown',
      data: { number, operation: 'refund', refund: refund.refund, evidence, at },
    });
  if (refund.parked !== null) return events;
  const { lookUp } = attempt;
  const uncertain = { operation: 'refund', fence: false, lookUp, keySafeUntilMs } as const;
  const next = nextProbe(uncertain, refund.probes + 1, nowMs);
  return [
    ...events,
    next
      ? probe(refund, next.rung, next.dueAtMs, evidence, at)
      : {
          type: 'PaymentParked',
          data: { number, refund: refund.refund, reason: 'refund_unknown_past_safe_retry', at },
        },
  ];
}

/** The processor decides in its own time: it is asked again and again, ever more slowly. */
function settling(
  refund: RefundState,
  { lookUp }: AttemptState,
  nowMs: number,
  delayMaxMs?: number,
): Probing {
  const { number, refund: id, keySafeUntilMs } = refund;
  const at = toRfc3339(nowMs);
  const next = nextSettling({ lookUp, keySafeUntilMs }, toEpochMs(refund.at), nowMs, delayMaxMs);
  return next
    ? probe(refund, next.rung, next.dueAtMs, 'pending', at)
    : { type: 'PaymentParked', data: { number, refund: id, reason: 'refund_never_told', at } };
}

function probe(
  { number, refund, probes }: RefundState,
  rung: 'resend' | 'look_up' | 'fence',
  dueAtMs: number,
  after: string,
  at: string,
): Probing {
  const dueAt = toRfc3339(dueAtMs);
  return {
    type: 'ProbeScheduled',
    data: { number, operation: 'refund', refund, probe: probes + 1, rung, dueAt, after, at },
  };
}

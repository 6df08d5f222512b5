import { settlementPostings } from '../money/postings.js';
import { accepted, refused } from '../shared/decider.js';
import { toRfc3339 } from '../shared/time.js';
import { authorizationEvents } from './authorization.js';
import { captureEvents, heldReleased, voidEvents } from './capture.js';
import { contradiction } from './contradiction.js';
import { disputeEvents } from './dispute.js';
import type { Outcome } from './outcome.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentDecision } from './payment-intent.decider.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import type { AttemptState, PaymentIntentState } from './payment-intent.state.js';
import type { NoticeMeaning } from './processor-notice.js';
import { refundEvents } from './refund.js';
import { type RefundState, isRefundOpen } from './refund.state.js';
import { canceled, posted } from './steps.js';

type TakeNotice = PaymentIntentCommandOf<'TakeNotice'>;
type About<A extends NoticeMeaning['about']> = Extract<NoticeMeaning, { about: A }>;
type Rule = (outcome: Outcome) => PaymentIntentEvent[];

/**
 * A processor told something unasked. It settles what is open as an answer would, in whatever order it comes; what was settled
 * before stays so. Money that no attempt of this payment knows of is refused, so that nobody adopts it.
 */
export function noticeDecision(
  command: TakeNotice,
  state: PaymentIntentState,
): PaymentIntentDecision {
  const attempt = attemptOf(command, state);
  if (!attempt) return refused('not_found', { pointers: [] });
  const { notice } = command;
  const { meaning, at: toldAt } = notice;
  switch (meaning.about) {
    case 'authorize':
      return accepted(...authorizeNotice(command, state, attempt)(meaning.outcome));
    case 'capture':
      return accepted(...captureNotice(command, state, attempt)(meaning.outcome));
    case 'void':
      return accepted(...voidNotice(command, state, attempt)(meaning.outcome));
    case 'refund':
      return refundNotice(command, state, attempt, meaning);
    case 'dispute': {
      const dispute = { ...meaning.dispute, toldAt };
      return isWithoutMoney(attempt)
        ? moneyAfterAll(command, attempt, `dispute ${dispute.state}`)
        : accepted(...disputeEvents(state, attempt, dispute, command.nowMs));
    }
    case 'settlement':
      return isWithoutMoney(attempt)
        ? moneyAfterAll(command, attempt, `settled ${meaning.amountMinor}`)
        : accepted(...settlementEvents(command, state, attempt, meaning));
    case 'nothing':
      return accepted();
  }
}

/** A charge of another name under our key is another charge. */
function attemptOf(
  { processor, notice }: TakeNotice,
  { attempts }: PaymentIntentState,
): AttemptState | undefined {
  const { attemptKey, reference, meaning } = notice;
  const refundKey = meaning.about === 'refund' ? meaning.refundKey : null;
  return attempts.find((attempt) => {
    if (attempt.processor !== processor) return false;
    const isNamed =
      attempt.key === attemptKey || refundKey?.startsWith(`${attempt.key}-r`) === true;
    if (attempt.reference === null || reference === null) return isNamed;
    return attempt.reference === reference && (isNamed || (attemptKey ?? refundKey) === null);
  });
}

const authorizeNotice =
  ({ nowMs, sender }: TakeNotice, state: PaymentIntentState, { number }: AttemptState): Rule =>
  (outcome) => {
    if (!isOneOf(outcome, 'succeeded', 'declined', 'fenced', 'action_required')) return [];
    const report = { number, outcome, durationMs: null, firstSend: false, nowMs, sender };
    return authorizationEvents({ type: 'RecordAuthorization', ...report }, state);
  };

const captureNotice =
  ({ nowMs, sender }: TakeNotice, state: PaymentIntentState, attempt: AttemptState): Rule =>
  (outcome) => {
    const { number } = attempt;
    const { pending, amountCapturedMinor } = state;
    if (!isOneOf(outcome, 'succeeded', 'declined', 'accepted')) return [];
    if (pending?.operation === 'capture' && pending.number === number)
      return captureEvents({ type: 'RecordCapture', number, outcome, nowMs, sender }, state);
    const isCaptured = attempt.outcome === 'captured';
    const isSame =
      outcome.kind === 'succeeded'
        ? isCaptured && outcome.amountMinor === amountCapturedMinor
        : !isCaptured || outcome.kind === 'accepted';
    if (isSame) return [];
    const recorded = isCaptured ? `captured ${amountCapturedMinor}` : attempt.outcome;
    return contradiction(attempt, { recorded, reported: `capture ${toldOf(outcome)}` }, nowMs);
  };

const voidNotice =
  (command: TakeNotice, state: PaymentIntentState, attempt: AttemptState): Rule =>
  (outcome) => {
    const { number } = attempt;
    const { nowMs, sender } = command;
    if (!isOneOf(outcome, 'succeeded', 'fenced', 'accepted')) return [];
    const open = state.pending?.number === number ? state.pending.operation : null;
    if (open === 'void')
      return voidEvents({ type: 'RecordVoid', number, outcome, nowMs, sender }, state);
    if (outcome.kind === 'accepted') return [];
    // Nobody called for it: the attempt that nobody answered about takes no money …
    const fenced = { kind: 'fenced', evidence: 'voided_by_processor' } as const;
    if (open === 'authorize') return authorizeNotice(command, state, attempt)(fenced);
    // … or the hold lapsed there. What is being captured is known soon.
    if (open === null && attempt.outcome === 'authorized') return lapsed(state, attempt, nowMs);
    if (attempt.outcome !== 'captured') return [];
    const told = { recorded: 'captured', reported: `void ${toldOf(outcome)}` };
    return contradiction(attempt, told, nowMs);
  };

function lapsed(
  state: PaymentIntentState,
  attempt: AttemptState,
  nowMs: number,
): PaymentIntentEvent[] {
  const at = toRfc3339(nowMs);
  return [
    { type: 'AuthorizationExpired', data: { number: attempt.number, at } },
    ...heldReleased(state, attempt, at),
    ...canceled({ ...state, cancelReason: 'authorization_expired' }, at),
  ];
}

function refundNotice(
  { nowMs, sender }: TakeNotice,
  state: PaymentIntentState,
  attempt: AttemptState,
  { refundKey, outcome }: About<'refund'>,
): PaymentIntentDecision {
  const refund = refundOf(state, attempt, refundKey, outcome);
  if (!refund) return refused('not_found', { pointers: [] });
  if (!isOneOf(outcome, 'succeeded', 'declined', 'accepted')) return accepted();
  if (isRefundOpen(refund)) {
    const report = { refund: refund.refund, outcome, nowMs, sender };
    return accepted(...refundEvents({ type: 'RecordRefund', ...report }, state));
  }
  const isSame = outcome.kind === (refund.status === 'succeeded' ? 'succeeded' : 'declined');
  if (isSame || outcome.kind === 'accepted') return accepted();
  const name = `refund ${refund.refund}`;
  const told = {
    recorded: `${name} ${refund.status}`,
    reported: `${name} ${toldOf(outcome)}`,
  };
  return accepted(...contradiction(attempt, told, nowMs));
}

function refundOf(
  { refunds }: PaymentIntentState,
  { number }: AttemptState,
  refundKey: string | null,
  outcome: About<'refund'>['outcome'],
): RefundState | undefined {
  const reference = 'reference' in outcome ? (outcome.reference ?? null) : null;
  return refunds.find((each) => {
    if (each.number !== number) return false;
    if (refundKey !== null) return each.key === refundKey;
    return reference !== null && each.reference === reference;
  });
}

function settlementEvents(
  { processor, notice, nowMs }: TakeNotice,
  { settledBy, currency }: PaymentIntentState,
  { number }: AttemptState,
  { about: _about, ...paid }: About<'settlement'>,
): PaymentIntentEvent[] {
  if (settledBy.includes(notice.id)) return [];
  const at = toRfc3339(nowMs);
  return [
    { type: 'PaymentSettled', data: { number, processor, notice: notice.id, ...paid, at } },
    posted('PaymentSettled', settlementPostings({ processor, ...paid }, currency), at),
  ];
}

/** Nothing that could be disputed or paid out was ever there. */
function isWithoutMoney({ outcome }: AttemptState): boolean {
  return ['declined', 'not_executed', 'fenced', 'voided'].includes(outcome);
}

function moneyAfterAll(
  { nowMs }: TakeNotice,
  attempt: AttemptState,
  reported: string,
): PaymentIntentDecision {
  return accepted(...contradiction(attempt, { recorded: attempt.outcome, reported }, nowMs));
}

function isOneOf<O extends { kind: string }, K extends O['kind']>(
  outcome: O,
  ...kinds: readonly K[]
): outcome is Extract<O, { kind: K }> {
  return (kinds as readonly string[]).includes(outcome.kind);
}

function toldOf(outcome: Outcome | About<'refund'>['outcome']): string {
  return outcome.kind === 'succeeded' ? `succeeded ${outcome.amountMinor}` : outcome.kind;
}

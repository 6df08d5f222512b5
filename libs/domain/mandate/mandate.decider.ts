import { type Decider, type Decision, accepted, refused } from '../shared/decider.js';
import { type Operation, concluded, repeatedOperation } from '../shared/operation.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import { type LimitFigures, allowsCurrency, limitFigures } from './limits.js';
import type { MandateEvent, MandateTerms } from './mandate.events.js';
import { type MandateState, evolveMandate, initialMandate } from './mandate.state.js';

export type MandateCommand = { nowMs: number } & (
  | {
      type: 'GrantMandate';
      id: string;
      tenant: string;
      terms: MandateTerms;
      by: string;
      operation: Operation;
    }
  | { type: 'RevokeMandate'; tenant: string; by: string; operation: Operation }
  | {
      type: 'ReserveBudget';
      tenant: string;
      agent: string;
      intent: string;
      amountMinor: number;
      currency: string;
      payee: { id: string; mcc: string | null };
    }
  | { type: 'CommitSpend'; intent: string; amountMinor: number }
  | { type: 'ReleaseBudget'; intent: string }
);

export type MandateRefusal =
  | 'not_found'
  | 'invalid_transition'
  | 'idempotency_key_reused'
  | 'mandate_required'
  | 'mandate_revoked'
  | 'mandate_expired'
  | 'mandate_limit_exceeded'
  | 'payee_not_allowed'
  | 'category_not_allowed'
  | 'currency_not_allowed'
  | 'policy_denied';

export interface MandateCheck extends Partial<LimitFigures> {
  readonly rule: string;
  readonly result: 'passed' | 'failed';
  readonly requested?: number;
}

export interface MandateRefusalDetails {
  readonly pointers: readonly string[];
  /** Every rule that was looked at, in order. */
  readonly checks: readonly MandateCheck[];
}

type MandateDecision = Decision<MandateEvent, MandateRefusal, MandateRefusalDetails>;
type Reserve = Extract<MandateCommand, { type: 'ReserveBudget' }>;

/** What an agent may spend. Reservations hold an amount against every limit at once; commits and releases are never refused. */
export const mandateDecider: Decider<
  MandateCommand,
  MandateEvent,
  MandateState,
  MandateRefusal,
  MandateRefusalDetails
> = { initial: initialMandate, decide, evolve: evolveMandate };

function decide(command: MandateCommand, state: MandateState): MandateDecision {
  switch (command.type) {
    case 'GrantMandate': {
      const { id, tenant, terms, by, operation } = command;
      if (state.exists) return repeated(state, operation, 'invalid_transition');
      const at = toRfc3339(command.nowMs);
      return accepted<MandateEvent>(
        { type: 'MandateGranted', data: { id, tenant, terms, by, at } },
        concluded(operation, at),
      );
    }
    case 'RevokeMandate': {
      if (!state.exists || state.tenant !== command.tenant) return no('not_found');
      if (state.answers.has(command.operation.id) || state.status === 'revoked')
        return repeated(state, command.operation, 'mandate_revoked');
      const at = toRfc3339(command.nowMs);
      return accepted<MandateEvent>(
        { type: 'MandateRevoked', data: { by: command.by, at } },
        concluded(command.operation, at),
      );
    }
    case 'ReserveBudget':
      return reserve(command, state);
    case 'CommitSpend': {
      const { intent, amountMinor } = command;
      const status = state.reservations.get(intent)?.status;
      if (!state.exists || status === undefined || status === 'committed') return accepted();
      const at = toRfc3339(command.nowMs);
      return accepted<MandateEvent>({ type: 'SpendCommitted', data: { intent, amountMinor, at } });
    }
    case 'ReleaseBudget': {
      const { intent } = command;
      const status = state.reservations.get(intent)?.status;
      if (!state.exists || status === 'released' || status === 'committed') return accepted();
      const at = toRfc3339(command.nowMs);
      return accepted<MandateEvent>({ type: 'BudgetReleased', data: { intent, at } });
    }
  }
}

function reserve(command: Reserve, state: MandateState): MandateDecision {
  if (!state.exists || state.tenant !== command.tenant || !state.terms)
    return no('mandate_required');
  const earlier = state.reservations.get(command.intent);
  if (earlier) return earlier.status === 'released' ? no('invalid_transition') : accepted();
  // Clocks of several processes may disagree; a stream's own time never runs backwards.
  const nowMs = Math.max(command.nowMs, state.lastAtMs);
  const checks = reservationChecks(command, state, state.terms, nowMs);
  const inTheWay = checks.find(({ result }) => result === 'failed');
  if (inTheWay) return refused(refusalCode(inTheWay.rule), { pointers: [], checks });
  const { intent, amountMinor, currency } = command;
  const data = { intent, amountMinor, currency, at: toRfc3339(nowMs) };
  return {
    ...accepted<MandateEvent>({ type: 'BudgetReserved', data }),
    details: { pointers: [], checks },
  };
}

/** Every rule of the mandate, in order, with what it saw; the payment passes when all of them do. */
function reservationChecks(
  { agent, payee, amountMinor, currency }: Omit<Reserve, 'nowMs'>,
  state: MandateState,
  terms: MandateTerms,
  nowMs: number,
): MandateCheck[] {
  const { payees, categories, valid_from, valid_until, approval } = terms;
  const check = (
    rule: string,
    passed: boolean,
    more: Partial<MandateCheck> = {},
  ): MandateCheck => ({
    rule,
    result: passed ? 'passed' : 'failed',
    ...more,
  });
  const above = approval?.above?.[currency];
  return [
    check('mandate.agent', terms.agent === agent),
    check('mandate.active', state.status === 'active'),
    check(
      'mandate.validity',
      (valid_from === undefined || nowMs >= toEpochMs(valid_from)) &&
        (valid_until === undefined || nowMs < toEpochMs(valid_until)),
    ),
    check('payees.allow', !payees?.allow?.length || payees.allow.includes(payee.id)),
    check('payees.deny', !payees?.deny?.includes(payee.id)),
    check(
      'categories.deny',
      !categories?.deny?.length || (payee.mcc !== null && !categories.deny.includes(payee.mcc)),
    ),
    check('currency', allowsCurrency(terms, currency)),
    ...limitFigures(state, currency, nowMs).map((figures) => {
      const requested = figures.currency === null ? 1 : amountMinor;
      return check(figures.rule, requested <= figures.remaining, { ...figures, requested });
    }),
    ...(above === undefined
      ? []
      : [check('approval.above', amountMinor <= above, { limit: above, requested: amountMinor })]),
  ];
}

function refusalCode(rule: string): MandateRefusal {
  switch (rule) {
    case 'mandate.agent':
      return 'mandate_required';
    case 'mandate.active':
      return 'mandate_revoked';
    case 'mandate.validity':
      return 'mandate_expired';
    case 'payees.allow':
    case 'payees.deny':
      return 'payee_not_allowed';
    case 'categories.deny':
      return 'category_not_allowed';
    case 'currency':
      return 'currency_not_allowed';
    case 'approval.above':
      return 'policy_denied';
    default:
      return 'mandate_limit_exceeded';
  }
}

function repeated(
  state: MandateState,
  operation: Operation,
  otherwise: MandateRefusal,
): MandateDecision {
  const pointers = repeatedOperation(state.answers, operation);
  if (pointers === null) return no(otherwise);
  return pointers.length === 0
    ? accepted()
    : refused('idempotency_key_reused', { pointers, checks: [] });
}

function no(code: MandateRefusal): MandateDecision {
  return refused(code, { pointers: [], checks: [] });
}

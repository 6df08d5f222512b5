import { type Decider, type Decision, accepted, refused } from '../shared/decider.js';
import { type Operation, concluded, repeatedOperation } from '../shared/operation.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import { type LimitFigures, allowsCurrency, limitFigures } from './limits.js';
import type { MandateEvent, MandateRefusal, MandateTerms } from './mandate.events.js';
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
  /** Changes nothing: the answer's state says how the mandate stands. */
  | { type: 'InspectMandate'; tenant: string }
  | {
      type: 'ReserveBudget';
      tenant: string;
      agent: string;
      intent: string;
      amountMinor: number;
      currency: string;
      payee: { id: string; mcc: string | null };
      /** For a payment under a mandate below this one: whose agent it is, that one has looked at. */
      onBehalf?: boolean;
      /** Gives the verdict and reserves nothing. */
      onlyJudge?: boolean;
    }
  | { type: 'CommitSpend'; intent: string; amountMinor: number }
  | { type: 'ReleaseBudget'; intent: string }
);

export interface MandateCheck extends Partial<LimitFigures> {
  readonly rule: string;
  /** `asked`: the payment may go on once a human approved it. */
  readonly result: 'passed' | 'failed' | 'asked';
  readonly requested?: number;
}

export interface MandateRefusalDetails {
  readonly pointers: readonly string[];
  /** Every rule that was looked at, in order. */
  readonly checks: readonly MandateCheck[];
}

type MandateDecision = Decision<MandateEvent, MandateRefusal, MandateRefusalDetails>;
type Reserve = Omit<Extract<MandateCommand, { type: 'ReserveBudget' }>, 'nowMs'>;

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
    case 'InspectMandate':
      return state.exists && state.tenant === command.tenant ? accepted() : no('not_found');
    case 'ReserveBudget':
      return reserve(command, state);
    case 'CommitSpend': {
      const { intent, amountMinor } = command;
      const status = state.reservations.get(intent)?.status;
      if (!state.exists || status === 'committed') return accepted();
      const at = toRfc3339(command.nowMs);
      return accepted<MandateEvent>({ type: 'SpendCommitted', data: { intent, amountMinor, at } });
    }
    case 'ReleaseBudget': {
      const { intent } = command;
      const reservation = state.reservations.get(intent);
      const ended = reservation && reservation.status !== 'reserved';
      if (!state.exists || ended || state.releasedAhead.has(intent)) return accepted();
      const at = toRfc3339(command.nowMs);
      return accepted<MandateEvent>({ type: 'BudgetReleased', data: { intent, at } });
    }
  }
}

/**
 * A reservation that is there already stays as it is and is judged once more by everything but the limits, which count it: that is
 * how a payment resumes, and how a repeat is answered.
 */
function reserve(command: Reserve & { nowMs: number }, state: MandateState): MandateDecision {
  const { terms } = state;
  if (!state.exists || state.tenant !== command.tenant || !terms) return no('mandate_required');
  const { intent, amountMinor, currency, onlyJudge = false } = command;
  const earlier = state.reservations.get(intent);
  const isReleased = earlier?.status === 'released' || state.releasedAhead.has(intent);
  if (isReleased) return no('invalid_transition');
  if (earlier?.status === 'committed') return accepted();
  // Clocks of several processes may disagree; a stream's own time never runs backwards.
  const nowMs = Math.max(command.nowMs, state.lastAtMs);
  const checks = [
    ...authorityChecks(command, state, terms, nowMs),
    ...(earlier ? [] : limitChecks(command, state, nowMs)),
    ...approvalChecks(command, terms),
  ];
  const details = { pointers: [], checks };
  const inTheWay = checks.find(({ result }) => result === 'failed');
  if (inTheWay) return refused(refusalCode(inTheWay.rule), details);
  if (earlier || onlyJudge) return { ...accepted<MandateEvent>(), details };
  const data = { intent, amountMinor, currency, at: toRfc3339(nowMs) };
  return { ...accepted<MandateEvent>({ type: 'BudgetReserved', data }), details };
}

/** What does not depend on other payments. */
function authorityChecks(
  { agent, payee, currency, onBehalf = false }: Reserve,
  { status }: MandateState,
  terms: MandateTerms,
  nowMs: number,
): MandateCheck[] {
  const { payees, categories, valid_from, valid_until } = terms;
  return [
    ...(onBehalf ? [] : [check('mandate.agent', terms.agent === agent)]),
    check('mandate.active', status === 'active'),
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
  ];
}

function limitChecks(
  { amountMinor, currency }: Reserve,
  state: MandateState,
  nowMs: number,
): MandateCheck[] {
  return limitFigures(state, currency, nowMs).map((figures) => {
    const requested = figures.currency === null ? 1 : amountMinor;
    return { ...figures, ...check(figures.rule, requested <= figures.remaining), requested };
  });
}

function approvalChecks({ amountMinor, currency }: Reserve, terms: MandateTerms): MandateCheck[] {
  const limit = terms.approval?.above?.[currency];
  if (limit === undefined) return [];
  const result = amountMinor <= limit ? 'passed' : 'asked';
  return [{ rule: 'approval.above', result, limit, requested: amountMinor }];
}

function check(rule: string, passed: boolean): MandateCheck {
  return { rule, result: passed ? 'passed' : 'failed' };
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

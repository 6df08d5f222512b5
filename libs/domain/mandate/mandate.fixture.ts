import { replay } from '../shared/decider.js';
import type { Operation } from '../shared/operation.js';
import {
  type MandateCommand,
  type MandateRefusalDetails,
  mandateDecider,
} from './mandate.decider.js';
import type { MandateEvent, MandateTerms } from './mandate.events.js';
import type { MandateState } from './mandate.state.js';

export const NOW_MS = Date.UTC(2026, 2, 1, 12);
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const TERMS: MandateTerms = { agent: 'agt_1', limits: { per_payment: { USD: 1_000 } } };

export function operation(id: string, request: Operation['request'] = {}): Operation {
  return { id, request, status: 201, body: `answer to ${id}` };
}

export function grant(terms: MandateTerms = TERMS): MandateCommand {
  return {
    type: 'GrantMandate',
    nowMs: NOW_MS,
    id: 'mnd_1',
    tenant: 'tnt_1',
    terms,
    by: 'operator-1',
    operation: operation('grant'),
  };
}

type Reserve = Extract<MandateCommand, { type: 'ReserveBudget' }>;

export function reserve(intent: string, amountMinor: number, more: Partial<Reserve> = {}): Reserve {
  return {
    type: 'ReserveBudget',
    nowMs: NOW_MS,
    tenant: 'tnt_1',
    agent: 'agt_1',
    intent,
    amountMinor,
    currency: 'USD',
    payee: { id: 'acme-books', mcc: null },
    ...more,
  };
}

export function commit(intent: string, amountMinor: number, nowMs = NOW_MS): MandateCommand {
  return { type: 'CommitSpend', nowMs, intent, amountMinor };
}

export function release(intent: string, nowMs = NOW_MS): MandateCommand {
  return { type: 'ReleaseBudget', nowMs, intent };
}

export function revoke(id = 'revoke'): MandateCommand {
  const by = 'operator-1';
  return { type: 'RevokeMandate', nowMs: NOW_MS, tenant: 'tnt_1', by, operation: operation(id) };
}

export interface Told {
  state: MandateState;
  /** Of the last command. */
  events: readonly MandateEvent[];
  /** `accepted`, or the code of the last refusal. */
  outcome: string;
  details: MandateRefusalDetails | undefined;
}

/** Sends the commands one after the other; the answer is that to the last one. */
export function after(...commands: readonly MandateCommand[]): Told {
  const history: MandateEvent[] = [];
  let told: Told = {
    state: replay(mandateDecider, []),
    events: [],
    outcome: '',
    details: undefined,
  };
  for (const command of commands) {
    const decision = mandateDecider.decide(command, replay(mandateDecider, history));
    const events = decision.ok ? decision.events : [];
    history.push(...events);
    told = {
      state: replay(mandateDecider, history),
      events,
      outcome: decision.ok ? 'accepted' : decision.code,
      details: decision.details,
    };
  }
  return told;
}

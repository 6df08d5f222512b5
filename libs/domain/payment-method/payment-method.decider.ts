import { type Decider, type Decision, accepted, refused } from '../shared/decider.js';
import {
  type Answers,
  type Operation,
  concluded,
  remember,
  repeatedOperation,
} from '../shared/operation.js';
import { toRfc3339 } from '../shared/time.js';
import type { CardFacts, CardScreening, PaymentMethodEvent } from './payment-method.events.js';

export type PaymentMethodCommand =
  | {
      type: 'TokenizeCard';
      id: string;
      tenant: string;
      agent: string | null;
      by: string;
      card: CardFacts;
      screening: CardScreening;
      /** What it is answered, the refusal of a blocked card as well. */
      operation: Operation;
      nowMs: number;
    }
  /** Changes nothing: whether this operation was answered before, and whether it is the same request. */
  | { type: 'RecallTokenization'; tenant: string; operation: Pick<Operation, 'id' | 'request'> }
  /** `agent`: null for an operator. */
  | {
      type: 'ErasePaymentMethod';
      tenant: string;
      agent: string | null;
      by: string;
      nowMs: number;
    }
  /** Changes nothing: whether this agent can pay with it. */
  | { type: 'InspectPaymentMethod'; tenant: string; agent: string };

/** A payment method as it stands. */
export interface PaymentMethodFacts {
  id: string;
  tenant: string;
  agent: string | null;
  card: CardFacts;
  createdAt: string;
  /** Null while it can be used. */
  erasedAt: string | null;
}

export interface PaymentMethodState {
  /** Null: there is no token, or not yet. */
  method: PaymentMethodFacts | null;
  answers: Answers;
}

export type PaymentMethodRefusal =
  'not_found' | 'forbidden' | 'invalid_transition' | 'idempotency_key_reused';
type Details = { pointers: readonly string[] };
type PaymentMethodDecision = Decision<PaymentMethodEvent, PaymentMethodRefusal, Details>;
type Tokenize = Extract<PaymentMethodCommand, { type: 'TokenizeCard' }>;
type Erase = Extract<PaymentMethodCommand, { type: 'ErasePaymentMethod' }>;

/** A token that stands for a card. The card itself is in the vault. */
export const paymentMethodDecider: Decider<
  PaymentMethodCommand,
  PaymentMethodEvent,
  PaymentMethodState,
  PaymentMethodRefusal,
  Details
> = {
  initial: () => ({ method: null, answers: new Map() }),
  decide,
  evolve: evolvePaymentMethod,
};

/** Whether an agent sees it and can pay with it, or a person can see it. `agent`: null for a person. */
export function ownsPaymentMethod(
  method: Pick<PaymentMethodFacts, 'tenant' | 'agent'>,
  { tenant, agent }: { tenant: string; agent: string | null },
): boolean {
  const isForAgent = agent === null || method.agent === null || method.agent === agent;
  return method.tenant === tenant && isForAgent;
}

function decide(command: PaymentMethodCommand, state: PaymentMethodState): PaymentMethodDecision {
  switch (command.type) {
    case 'RecallTokenization':
      return recall(command.operation, state) ?? accepted();
    case 'TokenizeCard':
      return recall(command.operation, state) ?? tokenize(command, state);
    case 'ErasePaymentMethod':
      return erase(command, state);
    case 'InspectPaymentMethod': {
      const { method } = state;
      const isUsable = method && method.erasedAt === null && ownsPaymentMethod(method, command);
      return isUsable ? accepted() : no('not_found');
    }
  }
}

/** Null for an operation that was never seen. */
function recall(
  operation: Pick<Operation, 'id' | 'request'>,
  { answers }: PaymentMethodState,
): PaymentMethodDecision | null {
  const pointers = repeatedOperation(answers, { ...operation, status: 0, body: '' });
  if (pointers === null) return null;
  return pointers.length > 0 ? refused('idempotency_key_reused', { pointers }) : accepted();
}

function tokenize(
  command: Tokenize,
  { method, answers }: PaymentMethodState,
): PaymentMethodDecision {
  if (method || answers.size > 0) return no('invalid_transition');
  const { id, tenant, agent, by, card, screening, operation, nowMs } = command;
  const at = toRfc3339(nowMs);
  const decided: PaymentMethodEvent =
    screening.verdict === 'block'
      ? { type: 'PaymentMethodRefused', data: { tenant, agent, by, code: 'fraud_blocked', at } }
      : { type: 'PaymentMethodTokenized', data: { id, tenant, agent, by, card, at } };
  const screened: PaymentMethodEvent = { type: 'CardScreened', data: { ...screening, at } };
  return accepted<PaymentMethodEvent>(screened, decided, concluded(operation, at));
}

function erase(command: Erase, { method }: PaymentMethodState): PaymentMethodDecision {
  if (!method || !ownsPaymentMethod(method, command)) return no('not_found');
  // What is everybody's is no single agent's to take away.
  if (command.agent !== null && method.agent !== command.agent) return no('forbidden');
  if (method.erasedAt !== null) return accepted();
  const { tenant, by, nowMs } = command;
  return accepted<PaymentMethodEvent>({
    type: 'PaymentMethodErased',
    data: { id: method.id, tenant, by, at: toRfc3339(nowMs) },
  });
}

export function evolvePaymentMethod(
  state: PaymentMethodState,
  event: PaymentMethodEvent,
): PaymentMethodState {
  switch (event.type) {
    case 'PaymentMethodTokenized': {
      const { id, tenant, agent, card, at } = event.data;
      state.method = { id, tenant, agent, card, createdAt: at, erasedAt: null };
      return state;
    }
    case 'PaymentMethodErased':
      if (state.method) state.method = { ...state.method, erasedAt: event.data.at };
      return state;
    case 'OperationConcluded':
      remember(state.answers, event);
      return state;
    case 'CardScreened':
    case 'PaymentMethodRefused':
    default:
      return state;
  }
}

function no(code: PaymentMethodRefusal): PaymentMethodDecision {
  return refused(code, { pointers: [] });
}

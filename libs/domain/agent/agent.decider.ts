import { type Decider, type Decision, accepted, refused } from '../shared/decider.js';
import {
  type Answers,
  type Operation,
  concluded,
  remember,
  repeatedOperation,
} from '../shared/operation.js';
import { toRfc3339 } from '../shared/time.js';
import type { AgentEvent } from './agent.events.js';

interface IssuedKey {
  id: string;
  hash: string;
}

interface ByOperator {
  nowMs: number;
  tenant: string;
  /** The principal who asks. */
  by: string;
  operation: Operation;
}

export type AgentCommand =
  | (ByOperator & { type: 'RegisterAgent'; id: string; name: string; key: IssuedKey })
  | (ByOperator & { type: 'IssueKey'; key: IssuedKey })
  | (ByOperator & { type: 'RevokeKey'; key: string })
  | (ByOperator & { type: 'SuspendAgent' })
  | (ByOperator & { type: 'ResumeAgent' })
  /** Changes nothing: the answer's state says how the agent stands. */
  | { type: 'InspectAgent'; tenant: string };

export interface AgentState {
  exists: boolean;
  id: string;
  tenant: string;
  name: string;
  status: 'active' | 'suspended';
  keys: Map<string, 'active' | 'revoked'>;
  answers: Answers;
}

export type AgentRefusal = 'not_found' | 'invalid_transition' | 'idempotency_key_reused';
type AgentDecision = Decision<AgentEvent, AgentRefusal, { pointers: readonly string[] }>;

/** An authenticated program that asks for payments, and its keys. */
export const agentDecider: Decider<
  AgentCommand,
  AgentEvent,
  AgentState,
  AgentRefusal,
  { pointers: readonly string[] }
> = {
  initial: () => ({
    exists: false,
    id: '',
    tenant: '',
    name: '',
    status: 'active',
    keys: new Map(),
    answers: new Map(),
  }),
  decide,
  evolve,
};

function decide(command: AgentCommand, state: AgentState): AgentDecision {
  const isKnown = state.exists && state.tenant === command.tenant;
  if (command.type === 'InspectAgent') return isKnown ? accepted() : no('not_found');
  const pointers = repeatedOperation(state.answers, command.operation);
  if (pointers?.length) return refused('idempotency_key_reused', { pointers });
  if (pointers) return accepted();
  const at = toRfc3339(command.nowMs);
  const { by, operation } = command;
  const record = (...events: AgentEvent[]) => accepted(...events, concluded(operation, at));
  if (command.type === 'RegisterAgent') {
    if (state.exists) return no('invalid_transition');
    const { id, name, key, tenant } = command;
    return record(
      { type: 'AgentRegistered', data: { id, tenant, name, by, at } },
      keyIssued(key, at),
    );
  }
  if (!isKnown) return no('not_found');
  switch (command.type) {
    case 'IssueKey':
      return record(keyIssued(command.key, at));
    case 'RevokeKey':
      if (!state.keys.has(command.key)) return no('not_found');
      return record({ type: 'KeyRevoked', data: { key: command.key, by, at } });
    case 'SuspendAgent':
      return record({ type: 'AgentSuspended', data: { by, at } });
    case 'ResumeAgent':
      return record({ type: 'AgentResumed', data: { by, at } });
  }
}

function evolve(state: AgentState, event: AgentEvent): AgentState {
  switch (event.type) {
    case 'AgentRegistered': {
      const { id, tenant, name } = event.data;
      return Object.assign(state, { exists: true, id, tenant, name });
    }
    case 'KeyIssued':
      state.keys.set(event.data.key, 'active');
      return state;
    case 'KeyRevoked':
      state.keys.set(event.data.key, 'revoked');
      return state;
    case 'AgentSuspended':
      state.status = 'suspended';
      return state;
    case 'AgentResumed':
      state.status = 'active';
      return state;
    case 'OperationConcluded':
      remember(state.answers, event);
      return state;
    default:
      return state;
  }
}

function keyIssued({ id, hash }: IssuedKey, at: string): AgentEvent {
  return { type: 'KeyIssued', data: { key: id, role: 'agent', hash, at } };
}

function no(code: AgentRefusal): AgentDecision {
  return refused(code, { pointers: [] });
}

import { describe, expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import { type AgentCommand, agentDecider } from './agent.decider.js';
import type { AgentEvent } from './agent.events.js';

const AT = '2026-03-01T12:00:00.000Z';

const by = (id: string, request = {}) => ({
  nowMs: Date.parse(AT),
  tenant: 'tnt_1',
  by: 'operator-1',
  operation: { id, request, status: 201, body: `answer to ${id}` },
});
const key = (id: string) => ({ id, hash: `hash of ${id}` });

const REGISTER: AgentCommand = {
  type: 'RegisterAgent',
  ...by('register'),
  id: 'agt_1',
  name: 'Buyer',
  key: key('k1'),
};
const issue = (operation: string, id: string): AgentCommand => ({
  type: 'IssueKey',
  ...by(operation),
  key: key(id),
});
const revoke = (operation: string, id: string): AgentCommand => ({
  type: 'RevokeKey',
  ...by(operation),
  key: id,
});
const SUSPEND: AgentCommand = { type: 'SuspendAgent', ...by('suspend') };
const RESUME: AgentCommand = { type: 'ResumeAgent', ...by('resume') };

type Operation = Exclude<AgentCommand, { type: 'InspectAgent' }>;

function after(...commands: AgentCommand[]) {
  const history: AgentEvent[] = [];
  let last: ReturnType<typeof agentDecider.decide> | undefined;
  for (const command of commands) {
    last = agentDecider.decide(command, replay(agentDecider, history));
    if (last.ok) history.push(...last.events);
  }
  const state = replay(agentDecider, history);
  return {
    state,
    events: last?.ok ? last.events : [],
    outcome: last?.ok ? 'accepted' : last?.code,
    pointers: last?.details?.pointers,
  };
}

describe('an agent', () => {
  it('is registered with its first key, of which only the hash is kept', () => {
    const told = after(REGISTER);
    expect(told.events).toEqual([
      {
        type: 'AgentRegistered',
        data: { id: 'agt_1', tenant: 'tnt_1', name: 'Buyer', by: 'operator-1', at: AT },
      },
      { type: 'KeyIssued', data: { key: 'k1', role: 'agent', hash: 'hash of k1', at: AT } },
      {
        type: 'OperationConcluded',
        data: {
          operation: 'register',
          request: {},
          status: 201,
          body: 'answer to register',
          at: AT,
        },
      },
    ]);
    expect(told.state).toMatchObject({ status: 'active', name: 'Buyer' });
  });

  it('has as many keys as were issued, each active until it is revoked', () => {
    const { state } = after(REGISTER, issue('second', 'k2'), revoke('gone', 'k1'));
    expect([...state.keys]).toEqual([
      ['k1', 'revoked'],
      ['k2', 'active'],
    ]);
  });

  it('is suspended and resumed', () => {
    expect(after(REGISTER, SUSPEND).state.status).toBe('suspended');
    expect(after(REGISTER, SUSPEND, RESUME).state.status).toBe('active');
  });

  it('is registered once: another operation on the same stream is refused', () => {
    const again: AgentCommand = { ...REGISTER, ...by('other') };
    expect(after(REGISTER, again).outcome).toBe('invalid_transition');
  });

  it('is looked at without a trace', () => {
    const inspect: AgentCommand = { type: 'InspectAgent', tenant: 'tnt_1' };
    expect(after(REGISTER, SUSPEND, inspect)).toMatchObject({
      events: [],
      state: { status: 'suspended' },
    });
    expect(after(REGISTER, { ...inspect, tenant: 'tnt_2' }).outcome).toBe('not_found');
  });

  it('of another tenant, or one that does not exist, or an unknown key, is not found', () => {
    expect(after(SUSPEND).outcome).toBe('not_found');
    expect(after(REGISTER, { ...SUSPEND, tenant: 'tnt_2' }).outcome).toBe('not_found');
    expect(after(REGISTER, revoke('gone', 'k9')).outcome).toBe('not_found');
  });
});

describe('an operation', () => {
  it.each([
    ['registering', [REGISTER]],
    ['issuing a key', [REGISTER, issue('second', 'k2')]],
    ['revoking a key', [REGISTER, revoke('gone', 'k1')]],
    ['suspending', [REGISTER, SUSPEND]],
    ['resuming', [REGISTER, SUSPEND, RESUME]],
  ])('of %s that comes again changes nothing and its answer is kept', (_, commands) => {
    const last = commands.at(-1) as Operation;
    const told = after(...commands, last);
    expect([told.outcome, told.events]).toEqual(['accepted', []]);
    expect(told.state.answers.get(last.operation.id)?.body).toBe(`answer to ${last.operation.id}`);
  });

  it('that comes late does not undo what was done after it', () => {
    expect(after(REGISTER, SUSPEND, RESUME, SUSPEND).state.status).toBe('active');
  });

  it('under a used key with another request is refused with pointers', () => {
    const told = after(REGISTER, { ...REGISTER, ...by('register', { name: 'Other' }) });
    expect([told.outcome, told.pointers]).toEqual(['idempotency_key_reused', ['/name']]);
  });
});

import { expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import type { JsonRecord } from '../shared/json.js';
import { agentDecider } from './agent.decider.js';
import type { AgentEvent } from './agent.events.js';
import { agentSnapshot } from './agent.snapshot.js';

const at = '2026-03-01T12:00:00.000Z';
const HISTORY: AgentEvent[] = [
  { type: 'AgentRegistered', data: { id: 'agt_1', tenant: 'tnt_1', name: 'one', by: 'op', at } },
  { type: 'KeyIssued', data: { key: 'k1', role: 'agent', hash: 'h', at } },
  { type: 'KeyIssued', data: { key: 'k2', role: 'agent', hash: 'h', at } },
  { type: 'KeyRevoked', data: { key: 'k1', by: 'op', at } },
  { type: 'AgentSuspended', data: { by: 'op', at } },
  { type: 'OperationConcluded', data: { operation: 'o', request: {}, status: 201, body: 'b', at } },
];

it('a snapshot of an agent holds all there is of it', () => {
  for (let length = 1; length <= HISTORY.length; length += 1) {
    const state = replay(agentDecider, HISTORY.slice(0, length));
    const text = JSON.stringify(agentSnapshot.save(state));
    expect(agentSnapshot.restore(JSON.parse(text) as JsonRecord)).toEqual(state);
  }
});

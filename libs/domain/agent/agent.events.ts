import type { OperationConcluded } from '../shared/operation.js';

export type AgentEvent =
  | {
      type: 'AgentRegistered';
      data: { id: string; tenant: string; name: string; by: string; at: string };
    }
  /** `hash`: SHA-256 of the whole key, hex. The key itself is never stored. */
  | { type: 'KeyIssued'; data: { key: string; role: 'agent'; hash: string; at: string } }
  | { type: 'KeyRevoked'; data: { key: string; by: string; at: string } }
  | { type: 'AgentSuspended'; data: { by: string; at: string } }
  | { type: 'AgentResumed'; data: { by: string; at: string } }
  | OperationConcluded;

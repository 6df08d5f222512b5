import { type Decider, accepted, refused } from '../shared/decider.js';
import { toRfc3339 } from '../shared/time.js';

export type StaffRole = 'operator' | 'approver' | 'auditor';

export type TenantEvent =
  | { type: 'TenantCreated'; data: { id: string; name: string; at: string } }
  /** `hash`: SHA-256 of the whole key, hex. */
  | { type: 'KeyIssued'; data: { key: string; role: StaffRole; hash: string; at: string } };

export interface TenantCommand {
  type: 'CreateTenant';
  id: string;
  name: string;
  keys: readonly { id: string; role: StaffRole; hash: string }[];
  nowMs: number;
}

export interface TenantState {
  exists: boolean;
  name: string;
}

/** Who owns agents, mandates and payments; its people's keys. */
export const tenantDecider: Decider<
  TenantCommand,
  TenantEvent,
  TenantState,
  'invalid_transition',
  null
> = {
  initial: () => ({ exists: false, name: '' }),
  decide: ({ id, name, keys, nowMs }, state) => {
    if (state.exists) return state.name === name ? accepted() : refused('invalid_transition', null);
    const at = toRfc3339(nowMs);
    return accepted<TenantEvent>(
      { type: 'TenantCreated', data: { id, name, at } },
      ...keys.map(({ id: key, role, hash }): TenantEvent => ({
        type: 'KeyIssued',
        data: { key, role, hash, at },
      })),
    );
  },
  evolve: (state, event) =>
    event.type === 'TenantCreated' ? { exists: true, name: event.data.name } : state,
};

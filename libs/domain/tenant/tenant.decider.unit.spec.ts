import { expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import { type TenantCommand, tenantDecider } from './tenant.decider.js';

const CREATE: TenantCommand = {
  type: 'CreateTenant',
  id: 'tnt_1',
  name: 'sandbox',
  keys: [{ id: 'k1', role: 'operator', hash: 'hash' }],
  nowMs: Date.UTC(2026, 2, 1),
};
const at = '2026-03-01T00:00:00.000Z';

it('creates a tenant with the keys of its people', () => {
  expect(tenantDecider.decide(CREATE, tenantDecider.initial())).toEqual({
    ok: true,
    events: [
      { type: 'TenantCreated', data: { id: 'tnt_1', name: 'sandbox', at } },
      { type: 'KeyIssued', data: { key: 'k1', role: 'operator', hash: 'hash', at } },
    ],
  });
});

it('creates it once, and never under another name', () => {
  const first = tenantDecider.decide(CREATE, tenantDecider.initial());
  const state = replay(tenantDecider, first.ok ? first.events : []);
  expect(tenantDecider.decide(CREATE, state)).toEqual({ ok: true, events: [] });
  expect(tenantDecider.decide({ ...CREATE, name: 'other' }, state)).toMatchObject({
    ok: false,
    code: 'invalid_transition',
  });
});

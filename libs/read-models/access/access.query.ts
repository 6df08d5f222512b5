import { timingSafeEqual } from 'node:crypto';
import type { Messages, Principal } from '#contracts';
import type { ReadModelReader } from '#runtime/projection';

export type Access = Messages['queries.access.authenticate']['reply'];

export interface Agent {
  name: string;
  status: 'active' | 'suspended';
}

export interface Mandate {
  id: string;
  /** Revoked: it, or a mandate above it. */
  status: 'active' | 'revoked';
}

interface KeyRow {
  tenant: string;
  hash: string;
  role: Principal['role'];
  principal: string;
  status: 'active' | 'revoked';
}

/** Null for a wrong secret and a revoked key; undefined for a key that was never heard of. `hash`: SHA-256, hex. */
export function authenticate(
  db: ReadModelReader,
  { key, hash }: { key: string; hash: string },
): Access | undefined {
  const known = db.get<KeyRow>(
    'SELECT tenant, hash, role, principal, status FROM access_keys WHERE id = ?',
    key,
  );
  if (!known) return undefined;
  if (known.status !== 'active' || !equal(known.hash, hash)) return null;
  const { tenant, role, principal: id } = known;
  const principal: Principal = { tenant, role, id, key };
  if (role !== 'agent') return { principal, agent: null };
  return agentAccess(db, principal);
}

/** An agent that needs no key; undefined when the tenant has none of this name. */
export function identify(
  db: ReadModelReader,
  { tenant, agent: id }: { tenant: string; agent: string },
): Access | undefined {
  return agentAccess(db, { tenant, role: 'agent', id, key: '' });
}

function agentAccess(db: ReadModelReader, principal: Principal): Access | undefined {
  const { tenant, id } = principal;
  const agent = agentOf(db, tenant, id);
  if (!agent) return undefined;
  const mandates = mandatesOf(db, tenant, id).filter(({ status }) => status === 'active');
  return {
    principal,
    agent: { status: agent.status, mandates: mandates.map((mandate) => mandate.id) },
  };
}

export function agentOf(db: ReadModelReader, tenant: string, agent: string): Agent | undefined {
  return db.get<Agent>(
    'SELECT name, status FROM access_agents WHERE id = ? AND tenant = ?',
    agent,
    tenant,
  );
}

/** Every mandate the agent ever had, in the order they were granted. */
export function mandatesOf(db: ReadModelReader, tenant: string, agent: string): Mandate[] {
  return db.all<Mandate>(
    'SELECT id, status FROM access_mandates WHERE tenant = ? AND agent = ? ORDER BY granted',
    tenant,
    agent,
  );
}

/** What judging a payment needs of its mandate; undefined when the tenant has no such mandate. */
export function mandateOf(
  db: ReadModelReader,
  tenant: string,
  mandate: string,
): { status: Mandate['status']; velocityRules: boolean } | undefined {
  const row = db.get<{ status: Mandate['status']; velocity: number }>(
    'SELECT status, velocity FROM access_mandates WHERE id = ? AND tenant = ?',
    mandate,
    tenant,
  );
  return row && { status: row.status, velocityRules: row.velocity === 1 };
}

function equal(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

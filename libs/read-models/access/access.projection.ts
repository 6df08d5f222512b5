import type { AgentEvent, MandateEvent, TenantEvent } from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Projection, ReadModelWriter } from '#runtime/projection';
import { eventOf, publicId, tenantOf } from '../recorded.js';

/** Who may come in, as whom, and which mandates an agent has. */
export const accessProjection: Projection = {
  name: 'access',
  version: 2,
  tables: `
    CREATE TABLE access_tenants (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE access_keys (
      id TEXT PRIMARY KEY,
      tenant TEXT NOT NULL,
      -- SHA-256 of the whole key, hex.
      hash TEXT NOT NULL,
      role TEXT NOT NULL,
      -- The agent, or for people the key itself.
      principal TEXT NOT NULL,
      status TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE access_agents (
      id TEXT PRIMARY KEY,
      tenant TEXT NOT NULL,
      name TEXT NOT NULL,
      status TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE access_mandates (
      id TEXT PRIMARY KEY,
      tenant TEXT NOT NULL,
      agent TEXT NOT NULL,
      parent TEXT,
      -- Revoked as well when a mandate above is.
      status TEXT NOT NULL,
      -- 1 when it asks for velocity rules.
      velocity INTEGER NOT NULL,
      -- Log position, for the order in which they were granted.
      granted INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX access_mandates_by_agent ON access_mandates (tenant, agent, granted);
    CREATE INDEX access_mandates_by_parent ON access_mandates (parent)`,
  project(db, recorded) {
    const agent = eventOf('agent', recorded);
    if (agent) return projectAgent(db, agent, recorded);
    const mandate = eventOf('mandate', recorded);
    if (mandate) return projectMandate(db, mandate, recorded);
    const tenant = eventOf('tenant', recorded);
    if (tenant) projectTenant(db, tenant, recorded);
  },
};

function projectAgent(db: ReadModelWriter, event: AgentEvent, recorded: RecordedEvent): void {
  const id = publicId(recorded.stream);
  switch (event.type) {
    case 'AgentRegistered': {
      const { tenant, name } = event.data;
      db.run(
        `INSERT INTO access_agents (id, tenant, name, status) VALUES (?, ?, ?, 'active')`,
        ...[id, tenant, name],
      );
      return;
    }
    case 'KeyIssued':
      return keyIssued(db, event.data, tenantOf(recorded), id);
    case 'KeyRevoked':
      db.run(`UPDATE access_keys SET status = 'revoked' WHERE id = ?`, event.data.key);
      return;
    case 'AgentSuspended':
      db.run(`UPDATE access_agents SET status = 'suspended' WHERE id = ?`, id);
      return;
    case 'AgentResumed':
      db.run(`UPDATE access_agents SET status = 'active' WHERE id = ?`, id);
      return;
    case 'OperationConcluded':
      return;
  }
}

function projectMandate(db: ReadModelWriter, event: MandateEvent, recorded: RecordedEvent): void {
  const id = publicId(recorded.stream);
  if (event.type === 'MandateGranted') {
    const { tenant, terms } = event.data;
    db.run(
      `INSERT INTO access_mandates (id, tenant, agent, parent, status, velocity, granted)
       VALUES (?, ?, ?, ?, coalesce((SELECT status FROM access_mandates WHERE id = ?), 'active'), ?, ?)`,
      ...[id, tenant, terms.agent, terms.parent ?? null, terms.parent ?? null],
      ...[terms.velocity?.default === true ? 1 : 0, recorded.position],
    );
  } else if (event.type === 'MandateRevoked') {
    db.run(
      `WITH RECURSIVE ended (id) AS (
         VALUES (?) UNION SELECT below.id FROM access_mandates below JOIN ended ON below.parent = ended.id
       )
       UPDATE access_mandates SET status = 'revoked' WHERE id IN (SELECT id FROM ended)`,
      id,
    );
  }
}

function projectTenant(db: ReadModelWriter, event: TenantEvent, recorded: RecordedEvent): void {
  switch (event.type) {
    case 'TenantCreated':
      db.run('INSERT INTO access_tenants (id, name) VALUES (?, ?)', event.data.id, event.data.name);
      return;
    case 'KeyIssued':
      return keyIssued(db, event.data, tenantOf(recorded), event.data.key);
  }
}

function keyIssued(
  db: ReadModelWriter,
  { key, role, hash }: { key: string; role: string; hash: string },
  tenant: string,
  principal: string,
): void {
  db.run(
    `INSERT INTO access_keys (id, tenant, hash, role, principal, status) VALUES (?, ?, ?, ?, ?, 'active')`,
    ...[key, tenant, hash, role, principal],
  );
}

import type { WebhookAttempt, WebhookEndpointEvent } from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Projection, ReadModelWriter } from '#runtime/projection';
import { eventOf, publicId } from '../recorded.js';

/** Tries that the log of an endpoint keeps, the latest ones. */
const TRIES_MAX = 10_000;

/** Webhook endpoints, what they have open, and what was tried lately. */
export const webhookEndpointsProjection: Projection = {
  name: 'webhook_endpoints',
  version: 1,
  tables: `
    CREATE TABLE webhook_endpoints (
      -- whe_…
      id TEXT PRIMARY KEY,
      tenant TEXT NOT NULL,
      -- Whose payments it hears of; null: those of the whole tenant.
      agent TEXT,
      url TEXT NOT NULL,
      description TEXT,
      -- enabled, disabled or deleted.
      status TEXT NOT NULL,
      disabled_reason TEXT,
      failing_since TEXT,
      previous_secret_expires_at TEXT,
      created_at TEXT NOT NULL,
      -- Log positions: of its registration, and of the last change besides what was tried.
      registered INTEGER NOT NULL,
      changed INTEGER NOT NULL,
      -- How many tries there were.
      tries INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX webhook_endpoints_by_tenant ON webhook_endpoints (tenant, registered);
    CREATE INDEX webhook_endpoints_by_change ON webhook_endpoints (changed);
    CREATE TABLE webhook_open (
      endpoint TEXT NOT NULL,
      event TEXT NOT NULL,
      -- Number of its last try; null before the first.
      number INTEGER,
      PRIMARY KEY (endpoint, event)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE webhook_deliveries (
      endpoint TEXT NOT NULL,
      -- Counts the tries of the endpoint.
      number INTEGER NOT NULL,
      event TEXT NOT NULL,
      attempt INTEGER NOT NULL,
      at TEXT NOT NULL,
      outcome TEXT NOT NULL,
      -- Of HTTP.
      status INTEGER,
      error TEXT,
      duration_ms INTEGER NOT NULL,
      next_attempt_at TEXT,
      PRIMARY KEY (endpoint, number)
    ) STRICT, WITHOUT ROWID`,
  project(db, recorded) {
    const event = eventOf('webhook_endpoint', recorded);
    if (event) project(db, event, recorded);
  },
};

function project(
  db: ReadModelWriter,
  event: WebhookEndpointEvent,
  { stream, position }: RecordedEvent,
): void {
  const id = publicId(stream);
  switch (event.type) {
    case 'WebhookEndpointRegistered': {
      const { tenant, agent, url, description, at } = event.data;
      db.run(
        `INSERT INTO webhook_endpoints
           (id, tenant, agent, url, description, status, created_at, registered, changed, tries)
         VALUES (?, ?, ?, ?, ?, 'enabled', ?, ?, ?, 0)`,
        ...[id, tenant, agent, url, description, at, position, position],
      );
      return;
    }
    case 'WebhookSecretRotated':
      db.run(
        'UPDATE webhook_endpoints SET previous_secret_expires_at = ? WHERE id = ?',
        event.data.previousUntil,
        id,
      );
      return;
    case 'WebhookEndpointEnabled':
      stands(db, id, { status: 'enabled', reason: null, position });
      db.run('UPDATE webhook_endpoints SET failing_since = NULL WHERE id = ?', id);
      return nextTries(db, id, event.data.at);
    case 'WebhookEndpointDisabled':
      stands(db, id, { status: 'disabled', reason: event.data.reason, position });
      return nextTries(db, id, null);
    case 'WebhookEndpointDeleted':
      stands(db, id, { status: 'deleted', reason: null, position });
      db.run('DELETE FROM webhook_open WHERE endpoint = ?', id);
      db.run('DELETE FROM webhook_deliveries WHERE endpoint = ?', id);
      return;
    case 'WebhookResendRequested':
      db.run(
        'INSERT OR IGNORE INTO webhook_open (endpoint, event) VALUES (?, ?)',
        ...[id, event.data.event],
      );
      db.run('UPDATE webhook_endpoints SET changed = ? WHERE id = ?', position, id);
      return;
    case 'WebhookDeliveriesAttempted':
      for (const attempt of event.data.attempts) tried(db, id, attempt);
      return;
    case 'WebhookEndpointRecovered':
      return nextTries(db, id, event.data.at);
    case 'OperationConcluded':
      return;
  }
}

function stands(
  db: ReadModelWriter,
  id: string,
  { status, reason, position }: { status: string; reason: string | null; position: number },
): void {
  db.run(
    'UPDATE webhook_endpoints SET status = ?, disabled_reason = ?, changed = ? WHERE id = ?',
    ...[status, reason, position, id],
  );
}

function tried(
  db: ReadModelWriter,
  id: string,
  { event, attempt, at, outcome, status, evidence, durationMs, dueAt }: WebhookAttempt,
): void {
  const known = db.get<{ tries: number }>('SELECT tries FROM webhook_endpoints WHERE id = ?', id);
  // Its beginning could not be digested, which was reported then.
  if (!known) return;
  const number = known.tries + 1;
  db.run(
    `INSERT INTO webhook_deliveries
       (endpoint, number, event, attempt, at, outcome, status, error, duration_ms, next_attempt_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[id, number, event, attempt, at, outcome, status, evidence, durationMs, dueAt],
  );
  db.run(
    'DELETE FROM webhook_deliveries WHERE endpoint = ? AND number <= ?',
    ...[id, number - TRIES_MAX],
  );
  if (dueAt === null)
    db.run('DELETE FROM webhook_open WHERE endpoint = ? AND event = ?', ...[id, event]);
  else
    db.run(
      `INSERT INTO webhook_open (endpoint, event, number) VALUES (?, ?, ?)
       ON CONFLICT (endpoint, event) DO UPDATE SET number = excluded.number`,
      ...[id, event, number],
    );
  db.run(
    `UPDATE webhook_endpoints SET tries = ?,
       failing_since = CASE ? WHEN 'delivered' THEN NULL ELSE coalesce(failing_since, ?) END
     WHERE id = ?`,
    ...[number, outcome, at, id],
  );
}

/** Whatever waits for its next try has it then; null: not before the endpoint is enabled. */
function nextTries(db: ReadModelWriter, id: string, at: string | null): void {
  db.run(
    `UPDATE webhook_deliveries SET next_attempt_at = ?
     WHERE endpoint = ? AND number IN (SELECT number FROM webhook_open WHERE endpoint = ?)`,
    ...[at, id, id],
  );
}

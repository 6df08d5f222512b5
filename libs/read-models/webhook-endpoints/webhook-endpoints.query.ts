import type { Messages, Page, WebhookAudience } from '#contracts';
import type { JsonRecord } from '#domain';
import type { ReadModelReader } from '#runtime/projection';
import { decodeCursor, pageOf } from '../page.js';

interface EndpointRow {
  id: string;
  url: string;
  description: string | null;
  agent: string | null;
  status: string;
  disabled_reason: string | null;
  failing_since: string | null;
  open_deliveries: number;
  previous_secret_expires_at: string | null;
  created_at: string;
  registered: number;
}

interface DeliveryRow {
  number: number;
  event: string;
  attempt: number;
  at: string;
  outcome: string;
  status: number | null;
  error: string | null;
  duration_ms: number;
  next_attempt_at: string | null;
}

/** Whose endpoints: an agent's own, or everybody's of the tenant. */
interface Whose {
  tenant: string;
  agent: string | null;
}

const COLUMNS = `id, url, description, agent, status, disabled_reason, failing_since,
  (SELECT count(*) FROM webhook_open WHERE endpoint = id) AS open_deliveries,
  previous_secret_expires_at, created_at, registered`;
/** Agent, twice. */
const OF_AGENT = '(? IS NULL OR agent = ?)';

/** One page of endpoints, the newest first. @throws InvalidCursorError */
export function webhookEndpoints(
  db: ReadModelReader,
  { tenant, agent, limit, cursor }: Messages['queries.webhook_endpoints.list']['request'],
): Page {
  const rows = db.all<EndpointRow>(
    `SELECT ${COLUMNS} FROM webhook_endpoints
     WHERE tenant = ? AND ${OF_AGENT} AND status <> 'deleted' AND registered < ?
     ORDER BY registered DESC LIMIT ?`,
    ...[tenant, agent, agent, before(cursor), limit + 1],
  );
  return pageOf(rows, limit, ({ registered }) => [registered], rendered);
}

/** Null: the caller has no such endpoint. */
export function webhookEndpoint(
  db: ReadModelReader,
  { tenant, agent, id }: Whose & { id: string },
): JsonRecord | null {
  const row = db.get<EndpointRow>(
    `SELECT ${COLUMNS} FROM webhook_endpoints
     WHERE id = ? AND tenant = ? AND ${OF_AGENT} AND status <> 'deleted'`,
    ...[id, tenant, agent, agent],
  );
  return row ? rendered(row) : null;
}

/** One page of what was tried, the newest first; null: the caller has no such endpoint. @throws InvalidCursorError */
export function webhookDeliveries(
  db: ReadModelReader,
  asked: Messages['queries.webhook_endpoints.deliveries']['request'],
): Page | null {
  if (!webhookEndpoint(db, asked)) return null;
  const { id, limit, cursor } = asked;
  const rows = db.all<DeliveryRow>(
    `SELECT number, event, attempt, at, outcome, status, error, duration_ms, next_attempt_at
     FROM webhook_deliveries WHERE endpoint = ? AND number < ? ORDER BY number DESC LIMIT ?`,
    ...[id, before(cursor), limit + 1],
  );
  return pageOf(
    rows,
    limit,
    ({ number }) => [number],
    ({ number: _number, ...row }) => ({ object: 'webhook_delivery', ...row }),
  );
}

/** Whether an endpoint was ever registered, and how many hear of the same payments. */
export function webhookAdmission(
  db: ReadModelReader,
  { tenant, agent, id }: Whose & { id: string },
): { known: boolean; count: number } {
  const known = db.get('SELECT 1 FROM webhook_endpoints WHERE id = ? AND tenant = ?', id, tenant);
  const counted = db.get<{ count: number }>(
    `SELECT count(*) AS count FROM webhook_endpoints
     WHERE tenant = ? AND agent IS ? AND status <> 'deleted'`,
    ...[tenant, agent],
  );
  return { known: known !== undefined, count: counted?.count ?? 0 };
}

/** Enabled ones, whosever they are, by id. */
export function enabledWebhookEndpoints(
  db: ReadModelReader,
  { after, limit }: { after: string; limit: number },
): WebhookAudience[] {
  return db.all<WebhookAudience>(
    `SELECT id, tenant, agent FROM webhook_endpoints
     WHERE status = 'enabled' AND id > ? ORDER BY id LIMIT ?`,
    ...[after, limit],
  );
}

/** Those that changed after a position of the log. */
export function changedWebhookEndpoints(
  db: ReadModelReader,
  after: number,
): (WebhookAudience & { enabled: boolean })[] {
  const rows = db.all<WebhookAudience & { status: string }>(
    'SELECT id, tenant, agent, status FROM webhook_endpoints WHERE changed > ? ORDER BY changed',
    after,
  );
  return rows.map(({ status, ...audience }) => ({ ...audience, enabled: status === 'enabled' }));
}

/** Whose payments an endpoint hears of, and the position of the log since which it does; undefined: nobody's. */
export function webhookAudience(
  db: ReadModelReader,
  id: string,
): (Whose & { registered: number }) | undefined {
  return db.get<Whose & { registered: number }>(
    `SELECT tenant, agent, registered FROM webhook_endpoints WHERE id = ? AND status <> 'deleted'`,
    id,
  );
}

function rendered({ registered: _registered, ...row }: EndpointRow): JsonRecord {
  return { object: 'webhook_endpoint', ...row };
}

function before(cursor: string | null): number {
  const [position] = cursor === null ? [] : decodeCursor(cursor, 'number');
  return position === undefined ? Number.MAX_SAFE_INTEGER : Number(position);
}

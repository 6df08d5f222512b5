import type { Messages, Page, WebhookMessage, WorldEvent } from '#contracts';
import type { JsonRecord } from '#domain';
import type { ReadModelReader } from '#runtime/projection';
import { InvalidCursorError } from '../page.js';

/** An event as it goes out: to whom it belongs, what it is, and its bytes. */
export interface ToldEvent {
  /** In the log. */
  position: number;
  /** `evt_…` */
  id: string;
  tenant: string;
  type: string;
  body: string;
}

/**
 * One page of events, the oldest first. The cursor is the id of the page's last event, as `after` is: whoever has seen an event can
 * go on from it at any time. @throws InvalidCursorError when `after` is no event that the caller may see
 */
export function worldEvents(
  db: ReadModelReader,
  { tenant, agent, after, limit }: Messages['queries.events']['request'],
): Page {
  const [whose, values] = audience(tenant, agent);
  const found = db.all<{ id: string; body: string }>(
    `SELECT id, body FROM world_events WHERE ${whose} AND position > ? ORDER BY position LIMIT ?`,
    ...values,
    after === null ? -1 : positionOf(db, whose, values, after),
    limit + 1,
  );
  const shown = found.slice(0, limit);
  return {
    data: shown.map(({ body }) => JSON.parse(body) as JsonRecord),
    next_cursor: found.length > limit ? (shown.at(-1)?.id ?? null) : null,
  };
}

/** Everything that happened after a position of the log, whosever it is, in its order. */
export function toldAfter(db: ReadModelReader, position: number, limit: number): ToldEvent[] {
  return db.all<ToldEvent>(
    'SELECT position, id, tenant, type, body FROM world_events WHERE position > ? ORDER BY position LIMIT ?',
    position,
    limit,
  );
}

/** Null when no event that the world was told has that position. */
export function toldAt(db: ReadModelReader, position: number): string | null {
  const row = db.get<{ id: string }>('SELECT id FROM world_events WHERE position = ?', position);
  return row?.id ?? null;
}

/** What an agent is told about its payments, or a tenant about all of its, after a position of the log and in its order. */
export function toldTo(
  db: ReadModelReader,
  { tenant, agent }: { tenant: string; agent: string | null },
  after: number,
  limit: number,
): WebhookMessage[] {
  const [whose, values] = audience(tenant, agent);
  return db
    .all<MessageRow>(
      `SELECT id, position, body FROM world_events WHERE ${whose} AND position > ? ORDER BY position LIMIT ?`,
      ...[...values, after, limit],
    )
    .map(messageOf);
}

/** Some of it, by the events' ids, in the order of the log. */
export function toldOf(
  db: ReadModelReader,
  { tenant, agent }: { tenant: string; agent: string | null },
  events: readonly string[],
): WebhookMessage[] {
  const [whose, values] = audience(tenant, agent);
  return db
    .all<MessageRow>(
      `SELECT id, position, body FROM world_events
       WHERE ${whose} AND id IN (${events.map(() => '?').join(', ')}) ORDER BY position`,
      ...[...values, ...events],
    )
    .map(messageOf);
}

/**
 * Whose payments have events after a position of the log. Asked whenever something happens: an index that is in the order of what is
 * wanted would be read from end to end each time, so none may be used but the position.
 */
export function toldWhom(db: ReadModelReader, after: number): { tenant: string; agent: string }[] {
  return db.all<{ tenant: string; agent: string }>(
    'SELECT DISTINCT tenant, agent FROM world_events NOT INDEXED WHERE position > ?',
    after,
  );
}

type MessageRow = Omit<WebhookMessage, 'payment'>;

function messageOf({ id, position, body }: MessageRow): WebhookMessage {
  return { id, position, payment: (JSON.parse(body) as WorldEvent).subject, body };
}

function audience(tenant: string, agent: string | null): [whose: string, values: string[]] {
  return agent === null ? ['tenant = ?', [tenant]] : ['tenant = ? AND agent = ?', [tenant, agent]];
}

function positionOf(
  db: ReadModelReader,
  whose: string,
  values: readonly string[],
  id: string,
): number {
  const row = db.get<{ position: number }>(
    `SELECT position FROM world_events WHERE ${whose} AND id = ?`,
    ...values,
    id,
  );
  if (!row) throw new InvalidCursorError();
  return row.position;
}

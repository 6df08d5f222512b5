import type { Page, PageRequest } from '#contracts';
import type { ReadModelReader } from '#runtime/projection';
import { decodeCursor, pageOf } from '../page.js';

interface ParkedRow {
  id: string;
  kind: string;
  payment_intent: string | null;
  reason: string;
  detail: string;
  tries: number | null;
  parked_at: string;
  position: number;
}

/** One page of what waits for a human in the tenant, the newest first. @throws InvalidCursorError */
export function parkedItems(db: ReadModelReader, { tenant, cursor, limit }: PageRequest): Page {
  const [before] = cursor === null ? [Number.MAX_SAFE_INTEGER] : decodeCursor(cursor, 'number');
  const rows = db.all<ParkedRow>(
    `SELECT id, kind, payment_intent, reason, detail, tries, parked_at, position FROM parked
     WHERE tenant = ? AND position < ? ORDER BY position DESC LIMIT ?`,
    tenant,
    before ?? Number.MAX_SAFE_INTEGER,
    limit + 1,
  );
  return pageOf(
    rows,
    limit,
    ({ position }) => [position],
    ({ position: _position, ...row }) => ({ object: 'parked', ...row }),
  );
}

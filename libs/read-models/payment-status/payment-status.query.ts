import type { Messages } from '#contracts';
import type { ReadModelReader } from '#runtime/projection';
import { decodeCursor, encodeCursor } from '../page.js';

/** As the projection has it; `id` is `pi_…`. */
export interface PaymentStatusRow {
  id: string;
  tenant: string;
  agent: string;
  payee: string;
  status: string;
  created_at: string;
}

type Filters = Messages['queries.payment_intent.list']['request'];

/** One page of payments, the newest first. Both bounds of `created_at` are exclusive. @throws InvalidCursorError */
export function listPayments(
  db: ReadModelReader,
  { tenant, agent, status, payee, createdAfter, createdBefore, cursor, limit }: Filters,
): { rows: PaymentStatusRow[]; nextCursor: string | null } {
  const conditions: [string, ...(string | number)[]][] = [['tenant = ?', tenant]];
  if (agent !== null) conditions.push(['agent = ?', agent]);
  if (status !== null) conditions.push(['status = ?', status]);
  if (payee !== null) conditions.push(['payee = ?', payee]);
  if (createdAfter !== null) conditions.push(['created_at > ?', instant(createdAfter)]);
  if (createdBefore !== null) conditions.push(['created_at < ?', instant(createdBefore)]);
  if (cursor !== null)
    conditions.push(['(created_at, id) < (?, ?)', ...decodeCursor(cursor, 'string', 'string')]);
  const found = db.all<PaymentStatusRow>(
    `SELECT id, tenant, agent, payee, status, created_at FROM payment_status
     WHERE ${conditions.map(([condition]) => condition).join(' AND ')}
     ORDER BY created_at DESC, id DESC LIMIT ?`,
    ...conditions.flatMap(([, ...values]) => values),
    limit + 1,
  );
  const rows = found.slice(0, limit);
  const last = found.length > limit ? rows.at(-1) : undefined;
  return { rows, nextCursor: last ? encodeCursor([last.created_at, last.id]) : null };
}

/** Any RFC 3339 time in the one spelling that events use, so that text compares as time. */
function instant(rfc3339: string): string {
  return new Date(rfc3339).toISOString();
}

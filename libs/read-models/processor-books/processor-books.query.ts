import type { Messages } from '#contracts';
import { type BookedState, type BookedSubject, type OurRecord, toEpochMs } from '#domain';
import type { ReadModelReader } from '#runtime/projection';
import { decodeCursor, encodeCursor } from '../page.js';

type Records = Messages['queries.reconciliation.records'];
type Find = Messages['queries.reconciliation.find'];
type Reached = Messages['queries.reconciliation.reached'];

interface Row {
  key: string;
  subject: BookedSubject;
  tenant: string;
  payment: string;
  reference: string | null;
  state: BookedState;
  amount: number;
  currency: string;
  open: number;
  began: number;
  known: number | null;
  changed: number;
}

const COLUMNS =
  'key, subject, tenant, payment, reference, state, amount, currency, open, began, known, changed';

/** What began at one processor in a window, in the order in which it did. @throws InvalidCursorError */
export function recordsOfProcessor(
  db: ReadModelReader,
  { processor, window: { fromMs, toMs }, cursor, limit }: Records['request'],
): Records['reply'] {
  const [began, key] = cursor === null ? [fromMs, ''] : decodeCursor(cursor, 'number', 'string');
  const rows = db.all<Row>(
    `SELECT ${COLUMNS} FROM processor_books
     WHERE processor = ? AND (began, key) > (?, ?) AND began < ? ORDER BY began, key LIMIT ?`,
    ...[processor, began ?? 0, key ?? '', toMs, limit + 1],
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last ? encodeCursor([last.began, last.key]) : null;
  return { records: shown.map(recordOf), next };
}

/** Those of one processor under some keys or some names of theirs, whenever they began. */
export function findRecords(
  db: ReadModelReader,
  { processor, keys, references }: Find['request'],
): Find['reply'] {
  const where = (column: string, values: readonly string[]) =>
    values.flatMap((value) =>
      db.all<Row>(
        `SELECT ${COLUMNS} FROM processor_books WHERE processor = ? AND ${column} = ?`,
        processor,
        value,
      ),
    );
  const rows = [...where('key', keys), ...where('reference', references)];
  return [...new Map(rows.map((row) => [row.key, recordOf(row)])).values()];
}

/** Up to when its books were compared, and since when there is anything to compare; null for never. */
export function reconciliationReached(
  db: ReadModelReader,
  { processor }: Reached['request'],
): Reached['reply'] {
  const done = db.get<{ reached: string }>(
    'SELECT reached FROM processor_reconciliations WHERE processor = ?',
    processor,
  );
  const first = db.get<{ began: number | null }>(
    'SELECT min(began) AS began FROM processor_books WHERE processor = ?',
    processor,
  );
  return { reachedMs: done ? toEpochMs(done.reached) : null, sinceMs: first?.began ?? null };
}

const recordOf = ({ key, subject, tenant, payment, reference, ...row }: Row): OurRecord => ({
  ...{ subject, key, reference, tenant, payment },
  state: row.state,
  amountMinor: row.amount,
  currency: row.currency,
  open: row.open === 1,
  atMs: row.began,
  knownAtMs: row.known,
  changedAtMs: row.changed,
});

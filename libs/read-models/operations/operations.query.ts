import type { Messages, Page } from '#contracts';
import type { ReadModelReader } from '#runtime/projection';

/** A key is used for few requests: all of them, in the order they came. `status` is null while a request is open. */
export function operationsUnder(
  db: ReadModelReader,
  { tenant, keyHash }: Messages['queries.operations']['request'],
): Page {
  const data = db.all<{
    method: string;
    path: string;
    status: number | null;
    resource: string;
    concluded_at: string | null;
  }>(
    `SELECT method, path, status, resource, concluded_at FROM operations
     WHERE tenant = ? AND key_hash = ? ORDER BY started, method, path`,
    tenant,
    keyHash,
  );
  return { data: data.map((row) => ({ ...row })), next_cursor: null };
}

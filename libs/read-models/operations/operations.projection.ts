import type { RecordedEvent } from '#event-store';
import type { Projection, ReadModelWriter } from '#runtime/projection';
import { publicId, tenantOf } from '../recorded.js';

/**
 * What became of the requests under one idempotency key, whatever they created. Commands write `keyHash`, `method` and
 * `path` into the metadata of what a caller's request appends.
 */
export const operationsProjection: Projection = {
  name: 'operations',
  version: 2,
  tables: `
    CREATE TABLE operations (
      tenant TEXT NOT NULL,
      key_hash TEXT NOT NULL,
      method TEXT NOT NULL,
      path TEXT NOT NULL,
      resource TEXT NOT NULL,
      -- The id that its conclusion names; null where the resource's own stream is the operation.
      operation TEXT,
      -- Type and log position of its first event.
      opened_by TEXT NOT NULL,
      started INTEGER NOT NULL,
      -- Null while it is open.
      status INTEGER,
      concluded_at TEXT,
      PRIMARY KEY (tenant, key_hash, method, path)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX operations_open ON operations (resource) WHERE concluded_at IS NULL;
    CREATE INDEX operations_by_id ON operations (operation) WHERE operation IS NOT NULL`,
  project(db, recorded) {
    const operation = operationOf(recorded);
    if (operation) open(db, operation, recorded);
    const answer = answerIn(recorded);
    if (!answer) return;
    if (recorded.type === 'RequestConcluded') concludePayment(db, recorded.stream, answer);
    else if (recorded.type === 'OperationConcluded') concludeById(db, recorded, answer);
    else if (operation) conclude(db, operation, answer);
  },
};

type Operation = [tenant: string, keyHash: string, method: string, path: string];

interface Concluded {
  status: number;
  at: string;
}

function operationOf(recorded: RecordedEvent): Operation | null {
  const { keyHash, method, path } = recorded.metadata;
  if (typeof keyHash !== 'string') return null;
  return [tenantOf(recorded), keyHash, String(method), String(path)];
}

function answerIn({ type, data }: RecordedEvent): Concluded | null {
  switch (type) {
    case 'RequestConcluded':
    case 'OperationConcluded':
      return { status: Number(data['status']), at: String(data['at']) };
    // An operator's retry is answered as accepted once it is recorded.
    case 'PaymentUnparked':
    case 'DeliveryRetried':
      return { status: 202, at: String(data['at']) };
    default:
      return null;
  }
}

function open(db: ReadModelWriter, operation: Operation, recorded: RecordedEvent): void {
  const { stream, type, position, data } = recorded;
  const id = typeof data['operation'] === 'string' ? data['operation'] : null;
  db.run(
    `INSERT INTO operations
       (tenant, key_hash, method, path, resource, operation, opened_by, started)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET operation = coalesce(operation, excluded.operation)`,
    ...operation,
    publicId(stream),
    id,
    type,
    position,
  );
}

function conclude(db: ReadModelWriter, operation: Operation, { status, at }: Concluded): void {
  db.run(
    `UPDATE operations SET status = ?, concluded_at = ?
     WHERE tenant = ? AND key_hash = ? AND method = ? AND path = ?`,
    status,
    at,
    ...operation,
  );
}

/** What takes a while is concluded by whoever sees it end, in the stream of what it is about. */
function concludeById(
  db: ReadModelWriter,
  { data }: RecordedEvent,
  { status, at }: Concluded,
): void {
  db.run(
    'UPDATE operations SET status = ?, concluded_at = ? WHERE operation = ?',
    status,
    at,
    String(data['operation']),
  );
}

/** A payment is concluded by whoever sees it end; that answers the one request that made it. */
function concludePayment(db: ReadModelWriter, stream: string, { status, at }: Concluded): void {
  db.run(
    `UPDATE operations SET status = ?, concluded_at = ?
     WHERE resource = ? AND concluded_at IS NULL AND opened_by = 'PaymentIntentRequested'`,
    status,
    at,
    publicId(stream),
  );
}

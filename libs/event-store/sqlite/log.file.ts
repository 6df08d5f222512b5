import { type Database, openDatabase, type Schema } from '#sqlite';
import type { RecordedEvent } from '../event-store.port.js';

/**
 * One row per event and nothing derived from it: heads are looked up in the index. Rows are never deleted, so positions
 * are dense, and they are given out inside the commit, so whoever sees a position has everything before it.
 * `stream_marks` has a row only for streams that were truncated or deleted.
 */
const SCHEMA: Schema = {
  applicationId: 0x42_75_72_73,
  version: 1,
  sql: `
    CREATE TABLE events (
      position INTEGER PRIMARY KEY,
      stream TEXT NOT NULL,
      revision INTEGER NOT NULL,
      id TEXT NOT NULL,
      type TEXT NOT NULL,
      data TEXT NOT NULL,
      metadata TEXT NOT NULL,
      recorded_at INTEGER NOT NULL,
      UNIQUE (stream, revision)
    ) STRICT;
    CREATE TABLE stream_marks (
      stream TEXT PRIMARY KEY,
      truncated_before INTEGER NOT NULL,
      status TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`,
};

/** An event as it lies in the file: JSON as text, the time in epoch milliseconds. */
export interface EventRow {
  position: number;
  stream: string;
  revision: number;
  id: string;
  type: string;
  data: string;
  metadata: string;
  recorded_at: number;
}

/** @throws UnknownFileError when the file is not an event log of this version */
export function openForWriting(path: string): Database {
  return openDatabase(path, { schema: SCHEMA, synchronous: 'FULL' });
}

/** @throws UnknownFileError when the file is not an event log of this version */
export function openForReading(path: string): Database {
  return openDatabase(path, { schema: SCHEMA, readOnly: true });
}

export function toRecordedEvent(row: EventRow): RecordedEvent {
  return {
    stream: row.stream,
    revision: row.revision,
    position: row.position,
    id: row.id,
    type: row.type,
    data: JSON.parse(row.data) as RecordedEvent['data'],
    metadata: JSON.parse(row.metadata) as RecordedEvent['metadata'],
    recordedAt: new Date(row.recorded_at).toISOString(),
  };
}

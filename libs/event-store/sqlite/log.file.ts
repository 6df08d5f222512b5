import { type Database, openDatabase, type Schema } from '#sqlite';
import { eventChecksum, streamChecksum } from './log.checksum.js';
import { LogDamagedError } from '../log-damaged.error.js';
import type { RecordedEvent } from '../event-store.port.js';

/**
 * Rows are never deleted, so positions are dense, and they are given out inside the commit, so whoever sees a position has
 * everything before it.
 */
const EVENTS = `
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
  ) STRICT`;

/**
 * The checksums find what changed. `streams` repeats where each stream ends, in other pages than the index: one damaged page
 * cannot make an event disappear from both. It also holds what was truncated or deleted.
 */
const CHECKED = `
  ALTER TABLE events ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE streams (
    stream TEXT PRIMARY KEY,
    head INTEGER NOT NULL,
    truncated_before INTEGER NOT NULL,
    status TEXT NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`;

const SCHEMA: Schema = {
  applicationId: 0x42_75_72_73,
  version: 2,
  // The same statements as for a file that grew up, so that both describe their tables in the same words.
  sql: `${EVENTS}; ${CHECKED}`,
  upgrades: { 1: addChecksums },
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

/** What is known of a stream besides its events. */
export interface StreamRow {
  stream: string;
  /** Revision of the last event, -1 when there never was one. */
  head: number;
  truncated_before: number;
  status: 'live' | 'soft_deleted' | 'tombstoned';
}

export type Checked<Row> = Row & { checksum: number };

/**
 * A file of an earlier version becomes one of this version.
 * @throws UnknownFileError when the file is not an event log that this version knows
 */
export function openForWriting(path: string): Database {
  return openDatabase(path, { schema: SCHEMA, synchronous: 'FULL' });
}

/** @throws UnknownFileError when the file is not an event log of this version */
export function openForReading(path: string): Database {
  return openDatabase(path, { schema: SCHEMA, readOnly: true });
}

/** How a log describes its tables. */
export function describedTables(database: Database): string {
  const tables = database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema').all();
  return JSON.stringify(tables);
}

/** How this version would. */
export function expectedTables(): string {
  const database = emptyLog();
  const tables = describedTables(database);
  database.close();
  return tables;
}

/** Not synced. */
export function writeEmptyLog(path: string): void {
  const database = emptyLog();
  database.prepare('VACUUM INTO ?').run(path);
  database.close();
}

function emptyLog(): Database {
  return openDatabase(':memory:', { schema: SCHEMA });
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

/** Version 1 had neither checksums nor `streams`. What it holds is taken for true once it is consistent. */
function addChecksums(database: Database): void {
  const verdict = database.pragma('integrity_check');
  if (verdict !== 'ok') throw new LogDamagedError('the event log', 'its tables', `${verdict}`);
  database.exec(CHECKED);
  const page = database.prepare<EventRow>(
    'SELECT * FROM events WHERE position > ? ORDER BY position LIMIT 500',
  );
  const update = database.prepare('UPDATE events SET checksum = ? WHERE position = ?');
  for (let after = 0, rows = page.all(after); rows.length > 0; rows = page.all(after)) {
    for (const row of rows) update.run(eventChecksum(row), row.position);
    after = rows.at(-1)?.position ?? after;
  }
  const insert = database.prepare('INSERT INTO streams VALUES (?, ?, ?, ?, ?)');
  const streams = database.prepare<StreamRow>(`
    SELECT stream, coalesce(head, -1) AS head, coalesce(truncated_before, 0) AS truncated_before,
           coalesce(status, 'live') AS status
    FROM (SELECT stream, max(revision) AS head FROM events GROUP BY stream)
    FULL JOIN stream_marks USING (stream)`);
  for (const row of streams.all()) {
    insert.run(row.stream, row.head, row.truncated_before, row.status, streamChecksum(row));
  }
  database.exec('DROP TABLE stream_marks');
}

import type { JsonRecord } from '#domain';
import { type Database, type Schema, type Statement, openDatabase } from '#sqlite';
import { type Snapshot, SnapshotStore } from '../../snapshot-store.port.js';

const SCHEMA: Schema = {
  applicationId: 0x62_75_72_6e,
  version: 1,
  sql: `
    CREATE TABLE snapshots (
      stream TEXT PRIMARY KEY,
      version INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      event_id TEXT NOT NULL,
      state TEXT NOT NULL
    )
  `,
};

interface SnapshotRow {
  version: number;
  revision: number;
  event_id: string;
  state: string;
}

/** Commits are not synced one by one: after a power cut an older snapshot may be back. */
export class SqliteSnapshotStore extends SnapshotStore {
  private readonly database: Database;
  private readonly select: Statement<SnapshotRow>;
  private readonly replace: Statement<never>;

  /** @throws UnknownFileError */
  constructor(path: string) {
    super();
    this.database = openDatabase(path, { synchronous: 'NORMAL', schema: SCHEMA });
    this.select = this.database.prepare(
      'SELECT version, revision, event_id, state FROM snapshots WHERE stream = ?',
    );
    this.replace = this.database.prepare('REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)');
  }

  load(stream: string): Snapshot | null {
    const row = this.select.get(stream);
    if (!row) return null;
    const { version, revision, event_id: eventId, state } = row;
    return { version, revision, eventId, state: JSON.parse(state) as JsonRecord };
  }

  save(stream: string, { version, revision, eventId, state }: Snapshot): void {
    this.replace.run(stream, version, revision, eventId, JSON.stringify(state));
  }

  close(): void {
    this.database.close();
  }
}

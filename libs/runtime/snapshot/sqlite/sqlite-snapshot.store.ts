import type { JsonRecord } from '#domain';
import {
  type Database,
  type Schema,
  type Statement,
  openDisposable,
  withChecksum,
  withoutChecksum,
} from '#sqlite';
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

/**
 * Commits are not synced one by one: after a power cut an older snapshot may be back. A damaged file is begun anew, and a
 * snapshot that was changed is not given back.
 */
export class SqliteSnapshotStore extends SnapshotStore {
  private readonly database: Database;
  private readonly select: Statement<SnapshotRow>;
  private readonly replace: Statement<never>;

  /** @throws UnknownFileError */
  constructor(path: string) {
    super();
    this.database = openDisposable(path, { synchronous: 'NORMAL', schema: SCHEMA });
    this.select = this.database.prepare(
      'SELECT version, revision, event_id, state FROM snapshots WHERE stream = ?',
    );
    this.replace = this.database.prepare('REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)');
  }

  load(stream: string): Snapshot | null {
    const row = this.select.get(stream);
    if (!row) return null;
    const { version, revision, event_id: eventId } = row;
    const state = withoutChecksum(row.state, placeOf(stream, { version, revision, eventId }));
    return { version, revision, eventId, state: JSON.parse(state) as JsonRecord };
  }

  save(stream: string, snapshot: Snapshot): void {
    const { version, revision, eventId } = snapshot;
    const state = withChecksum(JSON.stringify(snapshot.state), placeOf(stream, snapshot));
    this.replace.run(stream, version, revision, eventId, state);
  }

  close(): void {
    this.database.close();
  }
}

function placeOf(stream: string, { version, revision, eventId }: Omit<Snapshot, 'state'>): string {
  return `${stream} ${version} ${revision} ${eventId}`;
}

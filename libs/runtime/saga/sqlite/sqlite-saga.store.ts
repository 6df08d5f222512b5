import type { RecordedEvent } from '#event-store';
import {
  type Database,
  type Schema,
  type Statement,
  openDisposable,
  withChecksum,
  withoutChecksum,
} from '#sqlite';
import { type Checkpoint, START } from '../checkpoint.js';
import { type DurableTimer, SagaStore } from '../saga-store.port.js';

const SCHEMA: Schema = {
  applicationId: 0x62_75_72_73,
  version: 2,
  sql: `
    CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), value TEXT NOT NULL);
    CREATE TABLE timers (event_id TEXT PRIMARY KEY, due_at_ms INTEGER NOT NULL, event TEXT NOT NULL);
    CREATE INDEX timers_by_time ON timers (due_at_ms)
  `,
  // Its checkpoint said something else, and its rows had no checksums: everything is delivered again.
  upgrades: { 1: (database) => database.exec('DELETE FROM checkpoint; DELETE FROM timers') },
};

interface TimerRow {
  event_id: string;
  due_at_ms: number;
  event: string;
}

/**
 * Commits are not synced one by one: after a power cut the checkpoint may lag, and more is delivered again. A damaged file is begun
 * anew: everything is delivered again, and what is still to come sets its timers again.
 */
export class SqliteSagaStore extends SagaStore {
  private readonly database: Database;
  private readonly save: Statement<never>;
  private readonly insert: Statement<never>;
  private readonly remove: Statement<never>;
  private readonly due: Statement<TimerRow>;
  private readonly next: Statement<{ due_at_ms: number | null }>;

  constructor(path: string) {
    super();
    this.database = openDisposable(path, { synchronous: 'NORMAL', schema: SCHEMA }, readWhole);
    this.save = this.database.prepare(
      'INSERT INTO checkpoint VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value',
    );
    this.insert = this.database.prepare('INSERT OR IGNORE INTO timers VALUES (?, ?, ?)');
    this.remove = this.database.prepare('DELETE FROM timers WHERE event_id = ?');
    this.due = this.database.prepare(
      'SELECT * FROM timers WHERE due_at_ms <= ? ORDER BY due_at_ms, event_id',
    );
    this.next = this.database.prepare(
      'SELECT min(due_at_ms) AS due_at_ms FROM timers WHERE due_at_ms > ?',
    );
  }

  loadCheckpoint(): Checkpoint {
    return checkpointIn(this.database);
  }

  saveCheckpoint(checkpoint: Checkpoint): void {
    this.save.run(withChecksum(JSON.stringify(checkpoint)));
  }

  addTimer({ event, dueAtMs }: DurableTimer): void {
    this.insert.run(
      event.id,
      dueAtMs,
      withChecksum(JSON.stringify(event), placeOf(event.id, dueAtMs)),
    );
  }

  removeTimer(eventId: string): void {
    this.remove.run(eventId);
  }

  timersDueBy(nowMs: number): DurableTimer[] {
    return this.due.all(nowMs).map(timerOf);
  }

  nextDueAfter(nowMs: number): number | null {
    return this.next.get(nowMs)?.due_at_ms ?? null;
  }

  close(): void {
    this.database.close();
  }
}

/** @throws Error when something in it was changed */
function readWhole(database: Database): void {
  checkpointIn(database);
  database.prepare<TimerRow>('SELECT * FROM timers').all().forEach(timerOf);
}

function checkpointIn(database: Database): Checkpoint {
  const row = database.prepare<{ value: string }>('SELECT value FROM checkpoint').get();
  return row ? (JSON.parse(withoutChecksum(row.value)) as Checkpoint) : START;
}

function timerOf({ event_id: id, due_at_ms: dueAtMs, event }: TimerRow): DurableTimer {
  const text = withoutChecksum(event, placeOf(id, dueAtMs));
  return { dueAtMs, event: JSON.parse(text) as RecordedEvent };
}

function placeOf(eventId: string, dueAtMs: number): string {
  return `${eventId} ${dueAtMs}`;
}

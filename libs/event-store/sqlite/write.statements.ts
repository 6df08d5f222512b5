import type { Database, Statement } from '#sqlite';
import type { EncodedEvent } from '../append.encoding.js';
import { judgeAppend, type StreamState } from '../append.rule.js';
import type { LogOutcome, LogWrite } from './log.write.js';

type Append = Extract<LogWrite, { kind: 'append' }>;

/** The statements of the writer. Everything here runs inside its transaction. */
export class WriteStatements {
  private readonly state: Statement<{ head: number | null; status: StreamState['status'] | null }>;
  private readonly event: Statement<{ id: string; position: number }>;
  private readonly insert: Statement<never>;
  private readonly mark: Statement<never>;
  private readonly revive: Statement<never>;

  constructor(database: Database) {
    this.state = database.prepare(`
      SELECT (SELECT max(revision) FROM events WHERE stream = ?1) AS head,
             (SELECT status FROM stream_marks WHERE stream = ?1) AS status`);
    this.event = database.prepare(
      'SELECT id, position FROM events WHERE stream = ? AND revision = ?',
    );
    this.insert = database.prepare(`
      INSERT INTO events (stream, revision, id, type, data, metadata, recorded_at)
      VALUES (?, ?, ?, ?, ?, ?, ?)`);
    this.mark = database.prepare(`
      INSERT INTO stream_marks (stream, truncated_before, status) VALUES (?1, ?2, ?3)
      ON CONFLICT DO UPDATE SET truncated_before = max(truncated_before, ?2), status = ?3`);
    this.revive = database.prepare(`UPDATE stream_marks SET status = 'live' WHERE stream = ?`);
  }

  apply(write: LogWrite, recordedAtMs: number): LogOutcome {
    const state = this.stateOf(write.stream);
    if (write.kind === 'append') return this.append(write, state, recordedAtMs);
    if (state.status === 'tombstoned') return { kind: 'deleted' };
    if (write.kind === 'truncate') this.mark.run(write.stream, write.before, state.status);
    else if (write.kind === 'soft_delete') {
      this.mark.run(write.stream, state.head + 1, 'soft_deleted');
    } else this.mark.run(write.stream, state.head + 1, 'tombstoned');
    return { kind: 'marked' };
  }

  idAt(stream: string, revision: number): string | undefined {
    return this.event.get(stream, revision)?.id;
  }

  private append({ stream, expected, events }: Append, state: StreamState, recordedAtMs: number) {
    const verdict = judgeAppend(
      state,
      expected,
      events.map(({ id }) => id),
      (revision) => this.idAt(stream, revision),
    );
    if (verdict.kind === 'repeat') return this.repeated(stream, verdict.lastRevision);
    if (verdict.kind !== 'append') return verdict;
    if (state.status === 'soft_deleted') this.revive.run(stream);
    return this.insertAll(stream, state.head + 1, events, recordedAtMs);
  }

  private insertAll(
    stream: string,
    firstRevision: number,
    events: readonly EncodedEvent[],
    recordedAtMs: number,
  ): LogOutcome {
    let lastPosition = -1;
    events.forEach(({ id, type, data, metadata }, index) => {
      const revision = firstRevision + index;
      const row = this.insert.run(stream, revision, id, type, data, metadata, recordedAtMs);
      lastPosition = Number(row.lastInsertRowid);
    });
    return { kind: 'applied', lastRevision: firstRevision + events.length - 1, lastPosition };
  }

  private repeated(stream: string, lastRevision: number): LogOutcome {
    const lastPosition = this.event.get(stream, lastRevision)?.position ?? -1;
    return { kind: 'repeat', lastRevision, lastPosition };
  }

  private stateOf(stream: string): StreamState {
    const row = this.state.get(stream);
    return { head: row?.head ?? -1, status: row?.status ?? 'live' };
  }
}

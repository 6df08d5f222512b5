import type { Database, Statement } from '#sqlite';
import type { EncodedEvent } from '../append.encoding.js';
import { judgeAppend } from '../append.rule.js';
import { LogDamagedError } from '../log-damaged.error.js';
import { eventChecksum, isIntactEvent, isIntactStream, streamChecksum } from './log.checksum.js';
import type { Checked, EventRow, StreamRow } from './log.file.js';
import type { LogOutcome, LogWrite } from './log.write.js';

type Append = Extract<LogWrite, { kind: 'append' }>;

/**
 * The statements of the writer. Everything here runs inside its transaction. What an append is judged by is compared with
 * its checksum first, and `streams` with the index.
 * @throws LogDamagedError from all of them
 */
export class WriteStatements {
  private readonly stream: Statement<Checked<StreamRow>>;
  private readonly newest: Statement<{ revision: number | null }>;
  private readonly last: Statement<{ position: number | null }>;
  private readonly event: Statement<Checked<EventRow>>;
  private readonly insert: Statement<never>;
  private readonly replace: Statement<never>;

  constructor(
    private readonly path: string,
    database: Database,
  ) {
    this.stream = database.prepare('SELECT * FROM streams WHERE stream = ?');
    this.newest = database.prepare('SELECT max(revision) AS revision FROM events WHERE stream = ?');
    this.last = database.prepare('SELECT max(position) AS position FROM events');
    this.event = database.prepare('SELECT * FROM events WHERE stream = ? AND revision = ?');
    this.insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.replace = database.prepare('REPLACE INTO streams VALUES (?, ?, ?, ?, ?)');
  }

  apply(write: LogWrite, recordedAtMs: number): LogOutcome {
    const state = this.stateOf(write.stream);
    if (write.kind === 'append') return this.append(write, state, recordedAtMs);
    if (state.status === 'tombstoned') return { kind: 'deleted' };
    this.save({ ...state, ...markOf(write, state) });
    return { kind: 'marked' };
  }

  idAt(stream: string, revision: number): string | undefined {
    return this.eventAt(stream, revision)?.id;
  }

  /** Position of the last event, 0 when there is none. */
  lastPosition(): number {
    return this.last.get()?.position ?? 0;
  }

  private append({ stream, expected, events }: Append, state: StreamRow, recordedAtMs: number) {
    const verdict = judgeAppend(
      state,
      expected,
      events.map(({ id }) => id),
      (revision) => this.idAt(stream, revision),
    );
    if (verdict.kind === 'repeat') return this.repeated(stream, verdict.lastRevision);
    if (verdict.kind !== 'append') return verdict;
    return this.insertAll(state, events, recordedAtMs);
  }

  private insertAll(
    state: StreamRow,
    events: readonly EncodedEvent[],
    recordedAtMs: number,
  ): LogOutcome {
    const { stream } = state;
    let revision = state.head;
    let position = this.lastPosition();
    for (const { id, type, data, metadata } of events) {
      const row = {
        position: ++position,
        stream,
        revision: ++revision,
        id,
        type,
        data,
        metadata,
        recorded_at: recordedAtMs,
      };
      this.insert.run(...Object.values(row), eventChecksum(row));
    }
    this.save({ ...state, head: revision, status: 'live' });
    return { kind: 'applied', lastRevision: revision, lastPosition: position };
  }

  private repeated(stream: string, lastRevision: number): LogOutcome {
    const lastPosition = this.eventAt(stream, lastRevision)?.position ?? -1;
    return { kind: 'repeat', lastRevision, lastPosition };
  }

  private eventAt(stream: string, revision: number): EventRow | undefined {
    const row = this.event.get(stream, revision);
    if (row && !isIntactEvent(row)) throw this.damagedAt(`position ${row.position}`);
    return row;
  }

  private stateOf(stream: string): StreamRow {
    const row = this.stream.get(stream);
    const newest = this.newest.get(stream)?.revision ?? -1;
    if (row && !isIntactStream(row)) throw this.damagedAt(`stream ${stream}`);
    if ((row?.head ?? -1) !== newest) throw this.damagedAt(`stream ${stream}`);
    return row ?? { stream, head: -1, truncated_before: 0, status: 'live' };
  }

  private save(row: StreamRow): void {
    const { stream, head, truncated_before: truncatedBefore, status } = row;
    this.replace.run(stream, head, truncatedBefore, status, streamChecksum(row));
  }

  private damagedAt(place: string): LogDamagedError {
    return new LogDamagedError(this.path, place, 'it does not agree with itself');
  }
}

function markOf(
  write: Exclude<LogWrite, Append>,
  { head, truncated_before: truncatedBefore, status }: StreamRow,
): Pick<StreamRow, 'truncated_before' | 'status'> {
  if (write.kind === 'truncate') {
    return { truncated_before: Math.max(truncatedBefore, write.before), status };
  }
  const after = write.kind === 'tombstone' ? 'tombstoned' : 'soft_deleted';
  return { truncated_before: Math.max(truncatedBefore, head + 1), status: after };
}

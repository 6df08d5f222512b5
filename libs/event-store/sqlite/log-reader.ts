import { type Database, type Statement, UnknownFileError } from '#sqlite';
import {
  type LogPage,
  type LogRead,
  type RecordedEvent,
  StoreUnavailableError,
  StreamDeletedError,
  StreamNotFoundError,
  type StreamRead,
} from '../event-store.port.js';
import { LogDamagedError } from '../log-damaged.error.js';
import { checkedLogRead, checkedStreamRead, matches } from '../read.options.js';
import { isIntactEvent, isIntactStream } from './log.checksum.js';
import { asDamage, endsEarly } from './log.damage.js';
import { type Checked, type EventRow, type StreamRow, toRecordedEvent } from './log.file.js';

/** A filtered read that finds little reports how far it came after this many queries of this many rows. */
const SCAN_QUERIES_MAX = 8;
const SCAN_ROWS = 500;

interface Statements {
  database: Database;
  state: Statement<Checked<StreamRow>>;
  forward: Statement<Checked<EventRow>>;
  backward: Statement<Checked<EventRow>>;
  exists: Statement<{ revision: number }>;
  log: Statement<Checked<EventRow>>;
  head: Statement<{ position: number | null }>;
}

/**
 * Reads on a connection of its own. Every call ends its read transaction, so checkpoints are never held up. What is
 * answered is complete and unchanged: every row is compared with its checksum, and every gap is noticed.
 */
export class LogReader {
  private statements: Statements | undefined;

  constructor(
    private readonly path: string,
    private readonly open: () => Database,
    /** Up to where the log reaches at least. */
    private readonly acknowledged: () => number,
  ) {}

  /** @throws StreamNotFoundError, StreamDeletedError, StoreUnavailableError, LogDamagedError, RangeError */
  readStream(stream: string, options: StreamRead): RecordedEvent[] {
    const { direction, from, limit } = checkedStreamRead(options);
    return this.reading(({ forward, backward, ...statements }) => {
      // Looked up first: what is appended meanwhile can only be more.
      const { head, oldest } = this.stateOf(stream, statements);
      if (direction === 'backward') {
        const rows = backward.all(stream, from, oldest, limit).reverse();
        const first = rows.length < limit ? oldest : rows[0]!.revision;
        this.assertComplete(rows, first, { stream, until: Math.min(from, head) });
        return rows.map((row) => this.eventOf(row)).reverse();
      }
      const first = Math.max(from, oldest);
      const rows = forward.all(stream, first, limit);
      this.assertComplete(rows, first, { stream, until: Math.min(first + limit - 1, head) });
      return rows.map((row) => this.eventOf(row));
    });
  }

  /** @throws StoreUnavailableError, LogDamagedError, RangeError */
  readAll(options: LogRead): LogPage {
    const { after, limit, filter } = checkedLogRead(options);
    return this.reading(({ log }) => {
      const acknowledged = this.acknowledged();
      const rowsPerQuery = filter ? SCAN_ROWS : limit;
      const events: RecordedEvent[] = [];
      let scannedTo = after;
      for (let queries = 0; queries < SCAN_QUERIES_MAX && events.length < limit; queries++) {
        const rows = log.all(scannedTo, rowsPerQuery);
        for (const row of rows) {
          if (events.length === limit) break;
          const event = this.eventOf(row);
          const next = Math.max(scannedTo, 0) + 1;
          if (row.position !== next) throw this.missing(`position ${next}`);
          scannedTo = next;
          if (!filter || matches(filter, row)) events.push(event);
        }
        if (rows.length < rowsPerQuery) {
          const last = rows.at(-1)?.position ?? scannedTo;
          if (last < acknowledged) throw this.missing(`position ${last + 1}`);
          break;
        }
      }
      return { events, scannedTo };
    });
  }

  /** @throws StoreUnavailableError, LogDamagedError */
  headPosition(): number {
    return this.reading(({ head }) => {
      const acknowledged = this.acknowledged();
      const position = head.get()?.position ?? -1;
      if (position < acknowledged) throw endsEarly(this.path, position, acknowledged);
      return position;
    });
  }

  close(): void {
    const database = this.statements?.database;
    this.statements = undefined;
    database?.close();
  }

  private stateOf(
    stream: string,
    { state, exists }: Pick<Statements, 'state' | 'exists'>,
  ): { head: number; oldest: number } {
    const row = state.get(stream);
    if (!row) {
      if (exists.get(stream)) throw this.missing(`stream ${stream}`);
      throw new StreamNotFoundError(stream);
    }
    if (!isIntactStream(row)) throw this.changed(`stream ${stream}`);
    if (row.status === 'tombstoned') throw new StreamDeletedError(stream);
    if (row.status === 'soft_deleted' || row.head < 0) throw new StreamNotFoundError(stream);
    return { head: row.head, oldest: row.truncated_before };
  }

  private assertComplete(
    rows: readonly EventRow[],
    first: number,
    { stream, until }: { stream: string; until: number },
  ): void {
    const gap = rows.findIndex(({ revision }, index) => revision !== first + index);
    const next = first + (gap < 0 ? rows.length : gap);
    if (gap >= 0 || next <= until) throw this.missing(`stream ${stream}, revision ${next}`);
  }

  private eventOf(row: Checked<EventRow>): RecordedEvent {
    if (!isIntactEvent(row)) throw this.changed(`position ${row.position}`);
    return toRecordedEvent(row);
  }

  private missing(place: string): LogDamagedError {
    return new LogDamagedError(this.path, place, 'there must be an event, and there is none');
  }

  private changed(place: string): LogDamagedError {
    return new LogDamagedError(this.path, place, 'its checksum does not fit');
  }

  /** It was a log when the store opened it. */
  private changedIdentity(error: unknown): LogDamagedError | undefined {
    if (!(error instanceof UnknownFileError)) return undefined;
    return new LogDamagedError(this.path, 'its header', error.message, { cause: error });
  }

  private reading<T>(read: (statements: Statements) => T): T {
    try {
      this.statements ??= prepare(this.open());
      return read(this.statements);
    } catch (error) {
      if (error instanceof StreamNotFoundError || error instanceof StreamDeletedError) throw error;
      this.close();
      const damage = asDamage(this.path, error) ?? this.changedIdentity(error);
      if (damage) throw damage;
      throw new StoreUnavailableError('not_applied', 'the event log cannot be read', {
        cause: error,
      });
    }
  }
}

function prepare(database: Database): Statements {
  return {
    database,
    state: database.prepare('SELECT * FROM streams WHERE stream = ?'),
    forward: database.prepare(
      'SELECT * FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?',
    ),
    backward: database.prepare(`
      SELECT * FROM events WHERE stream = ? AND revision <= ? AND revision >= ?
      ORDER BY revision DESC LIMIT ?`),
    exists: database.prepare('SELECT revision FROM events WHERE stream = ? LIMIT 1'),
    log: database.prepare('SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?'),
    head: database.prepare('SELECT max(position) AS position FROM events'),
  };
}

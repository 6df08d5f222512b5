import type { Database, Statement } from '#sqlite';
import {
  type LogPage,
  type LogRead,
  type RecordedEvent,
  StoreUnavailableError,
  StreamDeletedError,
  StreamNotFoundError,
  type StreamRead,
} from '../event-store.port.js';
import { checkedLogRead, checkedStreamRead, matches } from '../read.options.js';
import { type EventRow, toRecordedEvent } from './log.file.js';

/** A filtered read that finds little reports how far it came after this many queries of this many rows. */
const SCAN_QUERIES_MAX = 8;
const SCAN_ROWS = 500;

interface Statements {
  database: Database;
  mark: Statement<{ truncated_before: number; status: string }>;
  forward: Statement<EventRow>;
  backward: Statement<EventRow>;
  exists: Statement<{ revision: number }>;
  log: Statement<EventRow>;
  head: Statement<{ position: number | null }>;
}

/** Reads on a connection of its own. Every call ends its read transaction, so checkpoints are never held up. */
export class LogReader {
  private statements: Statements | undefined;

  constructor(private readonly open: () => Database) {}

  /** @throws StreamNotFoundError, StreamDeletedError, StoreUnavailableError, RangeError */
  readStream(stream: string, options: StreamRead): RecordedEvent[] {
    const { direction, from, limit } = checkedStreamRead(options);
    return this.reading(({ mark, exists, ...statements }) => {
      const marked = mark.get(stream);
      if (marked?.status === 'tombstoned') throw new StreamDeletedError(stream);
      if (marked?.status === 'soft_deleted') throw new StreamNotFoundError(stream);

      const oldest = marked?.truncated_before ?? 0;
      const rows =
        direction === 'forward'
          ? statements.forward.all(stream, Math.max(from, oldest), limit)
          : statements.backward.all(stream, from, oldest, limit);
      if (rows.length === 0) {
        // A read of the whole stream has looked already.
        const isWhole = direction === 'forward' && from === 0 && !marked;
        if (isWhole || !exists.get(stream)) throw new StreamNotFoundError(stream);
      }
      return rows.map(toRecordedEvent);
    });
  }

  /** @throws StoreUnavailableError, RangeError */
  readAll(options: LogRead): LogPage {
    const { after, limit, filter } = checkedLogRead(options);
    return this.reading(({ log }) => {
      const rowsPerQuery = filter ? SCAN_ROWS : limit;
      const events: RecordedEvent[] = [];
      let scannedTo = after;
      for (let queries = 0; queries < SCAN_QUERIES_MAX && events.length < limit; queries++) {
        const rows = log.all(scannedTo, rowsPerQuery);
        for (const row of rows) {
          if (events.length === limit) break;
          scannedTo = row.position;
          if (!filter || matches(filter, row)) events.push(toRecordedEvent(row));
        }
        if (rows.length < rowsPerQuery) break;
      }
      return { events, scannedTo };
    });
  }

  /** @throws StoreUnavailableError */
  headPosition(): number {
    return this.reading(({ head }) => head.get()?.position ?? -1);
  }

  close(): void {
    const database = this.statements?.database;
    this.statements = undefined;
    database?.close();
  }

  private reading<T>(read: (statements: Statements) => T): T {
    try {
      this.statements ??= prepare(this.open());
      return read(this.statements);
    } catch (error) {
      if (error instanceof StreamNotFoundError || error instanceof StreamDeletedError) throw error;
      this.close();
      throw new StoreUnavailableError('not_applied', 'the event log cannot be read', {
        cause: error,
      });
    }
  }
}

function prepare(database: Database): Statements {
  return {
    database,
    mark: database.prepare('SELECT truncated_before, status FROM stream_marks WHERE stream = ?'),
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

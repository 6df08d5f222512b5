import type { Clock, Timers } from '#platform';
import { checkStreamName, encodeAppend } from '../append.encoding.js';
import {
  type Appended,
  ConcurrencyError,
  EventStore,
  type Expected,
  type LogFilter,
  type LogPage,
  type LogRead,
  type LogSubscription,
  type NewEvent,
  type RecordedEvent,
  StoreUnavailableError,
  StreamDeletedError,
  type StreamRead,
  type Subscription,
} from '../event-store.port.js';
import { LogDamagedError } from '../log-damaged.error.js';
import { LogFollower } from '../log.subscription.js';
import { CommittedTail } from './committed-tail.js';
import { type CommittedBatch, GroupCommit } from './group-commit.js';
import { type EventRow, openForReading } from './log.file.js';
import { prepareLog } from './log.opening.js';
import type { LogOutcome, LogWrite } from './log.write.js';
import { LogReader } from './log-reader.js';
import { WriterThread } from './writer-thread.js';

export interface SqliteEventStoreOptions {
  /** The log's file; SQLite keeps two more beside it (`-wal`, `-shm`). Its folder exists. */
  path: string;
  clock: Clock;
  timers: Timers;
  /** Told of each sync of the disk and what it made durable. */
  onCommit?: (commit: { appends: number; events: number; size: number }) => void;
}

/**
 * The embedded log. One thread writes, in groups, and answers after the disk did; reads are the caller's own thread.
 * One process per file: `lockDataFolder` sees to that.
 */
export class SqliteEventStore extends EventStore {
  private readonly writes: GroupCommit;
  private readonly tail = new CommittedTail();
  private readonly followers = new Set<LogFollower>();
  private readonly reader: LogReader;
  private found: LogDamagedError | null = null;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly options: SqliteEventStoreOptions,
    private readonly writer: WriterThread,
    private head: number,
  ) {
    super();
    const { path } = options;
    this.reader = new LogReader(
      path,
      () => openForReading(path),
      () => this.head,
    );
    this.writes = new GroupCommit(writer, options.clock, (batch) => this.committed(batch));
  }

  /**
   * Opens the log, or creates it where there is no file.
   * @throws UnknownFileError when the file is not a log that this version knows, LogDamagedError
   */
  static async open(options: SqliteEventStoreOptions): Promise<SqliteEventStore> {
    // Creates or refuses the file here, where the error keeps its class.
    const head = prepareLog(options.path);
    const writer = new WriterThread(options.path);
    await writer.start();
    return new SqliteEventStore(options, writer, head);
  }

  async append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
    const encoded = encodeAppend(stream, expected, events);
    const outcome = await this.write({ kind: 'append', stream, expected, events: encoded });
    if (outcome.kind === 'conflict') throw new ConcurrencyError(stream, expected, outcome.actual);
    if (outcome.kind === 'marked') throw new Error('an append was answered as a mark');
    return { lastRevision: outcome.lastRevision, lastPosition: outcome.lastPosition };
  }

  async readStream(stream: string, options: StreamRead = {}): Promise<RecordedEvent[]> {
    this.assertOpen();
    return this.noticing(() => this.reader.readStream(stream, options));
  }

  async readAll(options: LogRead): Promise<LogPage> {
    this.assertOpen();
    return this.noticing(() => this.reader.readAll(options));
  }

  async headPosition(): Promise<number> {
    this.assertOpen();
    return this.noticing(() => this.reader.headPosition());
  }

  subscribe(options: LogSubscription): Subscription {
    this.assertOpen();
    const source = {
      read: (after: number, filter: LogFilter) => this.readForFollower(after, filter),
      head: () => this.head,
    };
    const follower = new LogFollower(source, this.options.timers, options);
    this.followers.add(follower);
    return {
      stop: async () => {
        this.followers.delete(follower);
        await follower.stop();
      },
    };
  }

  async truncateBefore(stream: string, revision: number): Promise<void> {
    await this.writeMark({ kind: 'truncate', stream, before: revision });
  }

  async softDelete(stream: string): Promise<void> {
    await this.writeMark({ kind: 'soft_delete', stream });
  }

  async tombstone(stream: string): Promise<void> {
    await this.writeMark({ kind: 'tombstone', stream });
  }

  override damage(): LogDamagedError | null {
    return this.found;
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    await this.writes.idle();
    await Promise.all([...this.followers].map((follower) => follower.stop()));
    this.reader.close();
    await this.writer.close();
  }

  private async writeMark(write: Exclude<LogWrite, { kind: 'append' }>): Promise<void> {
    checkStreamName(write.stream);
    await this.write(write);
  }

  private async write(
    write: LogWrite,
  ): Promise<Exclude<LogOutcome, { kind: 'damaged' | 'deleted' | 'unavailable' }>> {
    this.assertOpen();
    // Writing on could spread it, and overwrite what may still be saved.
    if (this.found) throw this.found;
    const outcome = await this.writes.submit(write);
    if (outcome.kind === 'damaged') {
      const { file, place, expected } = outcome;
      throw this.notice(new LogDamagedError(file, place, expected));
    }
    if (outcome.kind === 'deleted') throw new StreamDeletedError(write.stream);
    if (outcome.kind === 'unavailable') {
      throw new StoreUnavailableError(outcome.outcome, outcome.detail);
    }
    return outcome;
  }

  private committed({ writes, outcomes, recordedAtMs }: CommittedBatch): void {
    const rows = writes.flatMap((write, index) => rowsOf(write, outcomes[index], recordedAtMs));
    if (outcomes.some((outcome) => outcome.kind === 'unavailable')) this.tail.clear();
    this.tail.push(rows);
    this.head = rows.at(-1)?.position ?? this.head;
    this.report(rows, outcomes);
    for (const follower of this.followers) follower.wake();
  }

  private report(rows: readonly EventRow[], outcomes: readonly LogOutcome[]): void {
    if (rows.length === 0) return;
    const appends = outcomes.filter(({ kind }) => kind === 'applied').length;
    const size = rows.reduce((sum, row) => sum + row.data.length + row.metadata.length, 0);
    this.options.onCommit?.({ appends, events: rows.length, size });
  }

  private async readForFollower(after: number, filter: LogFilter): Promise<LogPage> {
    const page = this.tail.page(after, filter);
    if (page) return page;
    // Catching up over a long log must not keep others from their turn.
    await new Promise<void>((resolve) => this.options.timers.after(0, resolve));
    return this.readAll({ after, filter });
  }

  private noticing<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw error instanceof LogDamagedError ? this.notice(error) : error;
    }
  }

  private notice(damage: LogDamagedError): LogDamagedError {
    this.found ??= damage;
    return damage;
  }

  private assertOpen(): void {
    if (this.closing) throw new StoreUnavailableError('not_applied', 'the event store is closed');
  }
}

function rowsOf(
  write: LogWrite,
  outcome: LogOutcome | undefined,
  recordedAtMs: number,
): EventRow[] {
  if (write.kind !== 'append' || outcome?.kind !== 'applied') return [];
  const { lastRevision, lastPosition } = outcome;
  const last = write.events.length - 1;
  return write.events.map((event, index) => ({
    ...event,
    stream: write.stream,
    revision: lastRevision - last + index,
    position: lastPosition - last + index,
    recorded_at: recordedAtMs,
  }));
}

import {
  assertSynchronous,
  CommitFailedError,
  type Database,
  inTransaction,
  sqliteCode,
} from '#sqlite';
import { asDamage, endsEarly } from './log.damage.js';
import { headPathOf, LogHeadFile } from './log-head.file.js';
import { type LogOutcome, type LogWrite, type Unavailable, unavailable } from './log.write.js';
import { WriteStatements } from './write.statements.js';

const SQLITE_FULL = 13;

/**
 * Writes batches to the log, each in one transaction that is on the disk before anything is answered. It blocks, so it
 * lives in a thread. After any failure the connection is closed and the next batch opens another: the writer works again
 * as soon as the disk does.
 */
export class LogWriter {
  private connection: { database: Database; statements: WriteStatements } | undefined;
  private durable = false;

  private readonly headFile: LogHeadFile;
  /** Position of the last event that was acknowledged. */
  private acknowledged: number;

  /** @throws what `open` throws, such as UnknownFileError, and LogDamagedError */
  constructor(
    private readonly path: string,
    private readonly open: (path: string) => Database,
  ) {
    this.headFile = new LogHeadFile(headPathOf(path));
    try {
      this.acknowledged = this.connect().statements.lastPosition();
    } catch (error) {
      this.disconnect();
      throw asDamage(path, error) ?? error;
    }
    if (this.acknowledged > 0) this.headFile.write(this.acknowledged);
  }

  /**
   * One outcome per write, in order. A conflict of one write leaves its neighbours alone.
   * @throws Error when the file turns out to be less durable than asked for; nothing may be acknowledged then
   */
  commit(writes: readonly LogWrite[], recordedAtMs: number): LogOutcome[] {
    let outcomes: LogOutcome[] = [];
    try {
      const { database, statements } = this.connect();
      inTransaction(database, () => {
        const head = statements.lastPosition();
        if (head < this.acknowledged) throw endsEarly(this.path, head, this.acknowledged);
        outcomes = writes.map((write) => statements.apply(write, recordedAtMs));
      });
    } catch (error) {
      this.disconnect();
      const failure =
        error instanceof CommitFailedError
          ? this.settle(writes, outcomes, error.cause)
          : this.refusal(error);
      if (failure) return writes.map(() => failure);
    }
    if (!this.durable) {
      assertSynchronous(this.connect().database, 'FULL');
      this.durable = true;
    }
    this.noteHead(outcomes);
    return outcomes;
  }

  close(): void {
    this.disconnect();
    this.headFile.close();
  }

  private disconnect(): void {
    const database = this.connection?.database;
    this.connection = undefined;
    database?.close();
  }

  private noteHead(outcomes: readonly LogOutcome[]): void {
    const last = outcomes.findLast((outcome) => outcome.kind === 'applied');
    if (last?.kind !== 'applied') return;
    this.acknowledged = last.lastPosition;
    this.headFile.write(this.acknowledged);
  }

  private refusal(error: unknown): LogOutcome {
    const damage = asDamage(this.path, error);
    if (!damage) return unavailable('not_applied', error);
    const { file, place, expected } = damage;
    return { kind: 'damaged', file, place, expected };
  }

  /** COMMIT failed: finds out whether the batch is in the file, and makes sure that the answer stays true. */
  private settle(
    writes: readonly LogWrite[],
    outcomes: readonly LogOutcome[],
    cause: unknown,
  ): Unavailable | undefined {
    try {
      const { database, statements } = this.connect();
      // A full disk cut the write short, so there is no commit mark. After any other failure there may be one that is
      // not on the disk yet: it must neither count as durable nor come back after a crash.
      if (sqliteCode(cause) !== SQLITE_FULL) startAnewLog(database);

      const index = outcomes.findIndex(({ kind }) => kind === 'applied');
      const write = writes[index];
      const outcome = outcomes[index];
      if (write?.kind !== 'append' || outcome?.kind !== 'applied') {
        return unavailable('unknown', cause);
      }
      const stored = statements.idAt(write.stream, outcome.lastRevision);
      return stored === write.events.at(-1)?.id ? undefined : unavailable('not_applied', cause);
    } catch {
      this.disconnect();
      return unavailable('unknown', cause);
    }
  }

  private connect(): { database: Database; statements: WriteStatements } {
    if (!this.connection) {
      const database = this.open(this.path);
      this.connection = { database, statements: new WriteStatements(this.path, database) };
      this.durable = false;
    }
    return this.connection;
  }
}

/**
 * Moves what the write-ahead log holds into the database file, synced, and begins the log again with a commit of its own:
 * what is visible now stays, and what is not can never appear.
 */
function startAnewLog(database: Database): void {
  if (database.pragma('wal_checkpoint(TRUNCATE)') !== 0) throw new Error('the checkpoint was busy');
  const version = database.pragma('user_version');
  inTransaction(database, () => database.exec(`PRAGMA user_version = ${version}`));
}

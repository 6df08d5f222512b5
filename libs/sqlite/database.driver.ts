import { DatabaseSync } from '@photostructure/sqlite';
import { inTransaction } from './transaction.js';

/**
 * The only place that knows which SQLite binding is used. Its calls block: whatever writes under load does so in a worker
 * thread (`startWorker`). Integers above 2^53 make a read throw instead of being rounded.
 */

export type SqlValue = null | number | bigint | string | Uint8Array;

export interface Statement<Row> {
  run(...values: SqlValue[]): { changes: number; lastInsertRowid: number | bigint };
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
  iterate(...values: SqlValue[]): Iterable<Row>;
}

export interface Database {
  exec(sql: string): void;
  prepare<Row>(sql: string): Statement<Row>;
  /** The single value that a pragma answers with. */
  pragma(name: string): SqlValue | undefined;
  readonly isTransaction: boolean;
  close(): void;
}

export type Synchronous = 'FULL' | 'NORMAL';

/** Whose file this is: created where the file is empty, checked everywhere else. */
export interface Schema {
  /** `PRAGMA application_id`: a 32-bit number that tells our files from others'. */
  applicationId: number;
  /** `PRAGMA user_version`, from 1. */
  version: number;
  /** Creates the tables of that version. */
  sql: string;
  /** What makes a file of this version one of the next, by the version it starts from. Runs in one transaction. */
  upgrades?: Readonly<Record<number, (database: Database) => void>>;
}

export interface OpenOptions {
  readOnly?: boolean;
  /** Default FULL: a commit that returned survives a power cut. NORMAL only for what can be rebuilt. */
  synchronous?: Synchronous;
  /** Default WAL. */
  journal?: 'WAL' | 'DELETE';
  /** How long to wait for another connection's lock. Default 5,000 ms. */
  busyTimeoutMs?: number;
  schema?: Schema;
}

/** The file is something else, or was written by another version. It was not touched. */
export class UnknownFileError extends Error {
  constructor(path: string, detail: string, options?: { cause?: unknown }) {
    super(`${path} ${detail}`, options);
    this.name = 'UnknownFileError';
  }
}

const SYNCHRONOUS_LEVEL = { NORMAL: 1, FULL: 2 } as const;
const SQLITE_ERROR = 1;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;
const SQLITE_IOERR_SHORT_READ = 522;
const SAYS_DAMAGED =
  /^(?:database disk image is malformed|file is not a database|unsupported file format)/;

/** @throws UnknownFileError */
export function openDatabase(path: string, options: OpenOptions = {}): Database {
  const connection = new DatabaseSync(path, {
    readOnly: options.readOnly ?? false,
    timeout: options.busyTimeoutMs ?? 5_000,
  });
  const database = overConnection(connection);
  try {
    if (options.schema) recognise(database, path, options);
    if (!options.readOnly) {
      connection.exec(`PRAGMA journal_mode = ${options.journal ?? 'WAL'}`);
      connection.exec(`PRAGMA synchronous = ${options.synchronous ?? 'FULL'}`);
      connection.exec('PRAGMA foreign_keys = ON');
      if (options.schema) createOrUpgrade(database, options.schema);
    }
    return database;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** The primary SQLite result code of an error of this driver, such as 13 for a full disk. */
export function sqliteCode(error: unknown): number | undefined {
  const code = extendedCode(error);
  return code === undefined ? undefined : code & 0xff;
}

/** Whether an error says that the file itself is broken, whatever one does with it. */
export function saysDamaged(error: unknown): boolean {
  const code = extendedCode(error) ?? SQLITE_ERROR;
  // Some have no code but the general one, and this binding leaves it out when it fails between two rows.
  if (code === SQLITE_ERROR) return error instanceof Error && SAYS_DAMAGED.test(error.message);
  const primary = code & 0xff;
  return (
    primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB || code === SQLITE_IOERR_SHORT_READ
  );
}

function extendedCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

/**
 * In WAL mode this binding falls back to NORMAL at the first write unless FULL was asked for, and shows it only then: so
 * it is asked for on every open, and looked at once something was written.
 * @throws Error when commits are less durable than asked for
 */
export function assertSynchronous(database: Database, expected: Synchronous): void {
  const level = database.pragma('synchronous');
  if (level !== SYNCHRONOUS_LEVEL[expected]) {
    throw new Error(`commits are not durable: synchronous is ${level}, not ${expected}`);
  }
}

function overConnection(connection: InstanceType<typeof DatabaseSync>): Database {
  return {
    exec: (sql) => connection.exec(sql),
    prepare: <Row>(sql: string) => connection.prepare(sql) as Statement<Row>,
    pragma: (name) => {
      const row = connection.prepare(`PRAGMA ${name}`).get() as
        Record<string, SqlValue> | undefined;
      return row && Object.values(row)[0];
    },
    get isTransaction() {
      return connection.isTransaction;
    },
    close: () => {
      // This binding keeps the file open as long as a statement of it was not collected, and with the file its locks.
      if (connection.isTransaction) connection.exec('ROLLBACK');
      connection.close();
    },
  };
}

function recognise(database: Database, path: string, { schema, readOnly }: OpenOptions): void {
  if (!schema || isEmpty(database, path)) return;
  const applicationId = database.pragma('application_id');
  if (applicationId !== schema.applicationId) {
    throw new UnknownFileError(path, 'belongs to another program');
  }
  const version = database.pragma('user_version');
  const upgradable = !readOnly && Object.hasOwn(schema.upgrades ?? {}, `${version}`);
  if (version !== schema.version && !upgradable) {
    throw new UnknownFileError(path, `has schema ${version}, this program knows ${schema.version}`);
  }
}

function isEmpty(database: Database, path: string): boolean {
  try {
    return database.pragma('schema_version') === 0 && database.pragma('application_id') === 0;
  } catch (error) {
    if (sqliteCode(error) !== SQLITE_NOTADB) throw error;
    throw new UnknownFileError(path, 'is not a database', { cause: error });
  }
}

function createOrUpgrade(database: Database, schema: Schema): void {
  if (Number(database.pragma('user_version')) === schema.version) return;
  inTransaction(database, () => {
    // Another process may have been faster.
    const version = Number(database.pragma('user_version'));
    if (version === schema.version) return;
    if (version === 0) database.exec(schema.sql);
    for (let from = version; from > 0 && from < schema.version; from++) {
      schema.upgrades?.[from]?.(database);
    }
    database.exec(`PRAGMA application_id = ${schema.applicationId}`);
    database.exec(`PRAGMA user_version = ${schema.version}`);
  });
}

import { rmSync } from 'node:fs';
import {
  CommitFailedError,
  type Database,
  type SqlValue,
  type Statement,
  inTransaction,
  sqliteCode,
} from '#sqlite';
import type { ReadModelWriter } from './projection.js';

export type OpenReadModels = (path: string) => Database;

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** One open connection to the file of all read models, with its statements kept prepared. */
export class ReadModelDatabase implements ReadModelWriter {
  private readonly statements = new Map<string, Statement<object>>();

  constructor(private readonly database: Database) {}

  get<Row extends object>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.statement(sql).get(...values) as Row | undefined;
  }

  all<Row extends object>(sql: string, ...values: SqlValue[]): Row[] {
    return this.statement(sql).all(...values) as Row[];
  }

  run(sql: string, ...values: SqlValue[]): number {
    return this.statement(sql).run(...values).changes;
  }

  /** Several statements at once, without values. */
  define(sql: string): void {
    this.database.exec(sql);
  }

  transaction<T>(work: () => T): T {
    try {
      return inTransaction(this.database, work);
    } catch (error) {
      // Left open, it would show rows that are not there and lock everybody else out.
      if (error instanceof CommitFailedError && this.database.isTransaction) this.run('ROLLBACK');
      throw error;
    }
  }

  /** Inside a transaction: when `work` throws, only what it wrote is taken back. */
  savepoint(work: () => void): void {
    this.run('SAVEPOINT step');
    try {
      work();
    } catch (error) {
      // After a full disk there may be no transaction left to go back in.
      if (this.database.isTransaction) {
        this.run('ROLLBACK TO step');
        this.run('RELEASE step');
      }
      throw error;
    }
    this.run('RELEASE step');
  }

  close(): void {
    this.statements.clear();
    this.database.close();
  }

  private statement(sql: string): Statement<object> {
    let prepared = this.statements.get(sql);
    if (!prepared) {
      prepared = this.database.prepare<object>(sql);
      this.statements.set(sql, prepared);
    }
    return prepared;
  }
}

/** Nobody may have the file open. */
export function discardReadModels(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true });
}

export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

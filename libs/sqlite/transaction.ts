import type { Database } from './database.driver.js';

/** COMMIT itself failed: whether the transaction is in the file has to be looked up. */
export class CommitFailedError extends Error {
  constructor(cause: unknown) {
    super('COMMIT failed', { cause });
    this.name = 'CommitFailedError';
  }
}

/**
 * Runs `work` in one transaction that takes the write lock first. When `work` throws, nothing was written.
 * @throws CommitFailedError when COMMIT failed; otherwise what `work` threw
 */
export function inTransaction<T>(database: Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  let result: T;
  try {
    result = work();
  } catch (error) {
    // A full disk rolls back by itself.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  try {
    database.exec('COMMIT');
  } catch (error) {
    throw new CommitFailedError(error);
  }
  return result;
}

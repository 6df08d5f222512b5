import { CommitFailedError, sqliteCode } from '#sqlite';

/** Result codes of SQLite that speak of the file or the machine, not of the statement: the same work may succeed later. */
const STORAGE_CODES = new Set([
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  10, // IOERR
  11, // CORRUPT
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL
  26, // NOTADB
]);

export function isStorageError(error: unknown): boolean {
  if (error instanceof CommitFailedError) return true;
  const code = sqliteCode(error);
  return code !== undefined && STORAGE_CODES.has(code);
}

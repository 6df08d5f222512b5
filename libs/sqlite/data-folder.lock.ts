import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, openDatabase, sqliteCode } from './database.driver.js';

export class DataFolderLockedError extends Error {
  constructor(
    readonly folder: string,
    readonly pid: number | undefined,
  ) {
    const holder = pid === undefined ? 'another process' : `process ${pid}`;
    super(`the data folder ${folder} is in use by ${holder}`);
    this.name = 'DataFolderLockedError';
  }
}

export interface DataFolderLock {
  release(): void;
}

const SQLITE_BUSY = 5;
/** Long enough for a predecessor that is just being killed. */
const WAIT_MS = 1_000;

/**
 * Makes this process the only user of `folder`, which is created if need be, until `release` or the end of the process,
 * however it ends: the lock is the operating system's, held by an open transaction on a file of its own.
 * @throws DataFolderLockedError
 */
export function lockDataFolder(folder: string): DataFolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pidFile = join(folder, 'lock.pid');
  const database = takeLock(join(folder, 'lock.db'), () => {
    throw new DataFolderLockedError(folder, recordedPid(pidFile));
  });
  writeFileSync(pidFile, `${process.pid}\n`);
  return { release: () => database.close() };
}

function takeLock(path: string, onBusy: () => never): Database {
  let database: Database | undefined;
  try {
    database = openDatabase(path, { journal: 'DELETE', busyTimeoutMs: WAIT_MS });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (sqliteCode(error) === SQLITE_BUSY) return onBusy();
    throw error;
  }
}

function recordedPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined;
  }
}

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { LogDamagedError } from '../log-damaged.error.js';
import { headPathOf, LogHeadFile } from './log-head.file.js';
import { asDamage, endsEarly } from './log.damage.js';
import {
  describedTables,
  expectedTables,
  openForReading,
  openForWriting,
  writeEmptyLog,
} from './log.file.js';
import { LogReader } from './log-reader.js';
import { inspectWal } from './wal.inspection.js';

/** How many events at the end are read before anything is written behind them. */
const LAST_EVENTS = 500;
const HEADER_BYTES = 100;
const FORMAT_VERSIONS_AT = 18;
const MAGIC = 'SQLite format 3\0';

/**
 * Makes the file ready to be appended to: creates it, or looks whether what is there is a whole log, at a cost that does
 * not grow with it. A file that is refused was not touched. Returns the position of the last event.
 * @throws UnknownFileError, LogDamagedError
 */
export function prepareLog(path: string): number {
  const acknowledged = LogHeadFile.read(headPathOf(path));
  if (!existsSync(path)) {
    if (acknowledged > 0) throw endsEarly(path, -1, acknowledged);
    createLog(path);
    return -1;
  }
  try {
    inspectWal(`${path}-wal`);
    const version = inspectSize(path);
    const head = version === 1 ? -1 : inspectContent(path, acknowledged);
    openForWriting(path).close();
    return version === 1 ? inspectContent(path, acknowledged) : head;
  } catch (error) {
    throw asDamage(path, error) ?? error;
  }
}

/** Complete from the first moment it has its name: an empty file of that name has lost its content. */
function createLog(path: string): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  writeEmptyLog(unfinished);
  markAsWal(unfinished);
  syncFile(unfinished);
  renameSync(unfinished, path);
  syncFile(dirname(path));
}

/** Doing it later would take a rollback journal, which a crash leaves behind and no reader may play back. */
function markAsWal(path: string): void {
  const file = openSync(path, 'r+');
  writeSync(file, Uint8Array.of(2, 2), 0, 2, FORMAT_VERSIONS_AT);
  closeSync(file);
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

/**
 * Nothing is cut off or hung on, as far as the header knows; after a crash the write-ahead log has the last word. Returns the
 * schema's version.
 */
function inspectSize(path: string): number {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  const bytesRead = readSync(file, header, 0, HEADER_BYTES, 0);
  closeSync(file);
  if (bytesRead === 0) throw new LogDamagedError(path, 'its beginning', 'the file is empty');

  // 1 means 65,536, which does not fit.
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const pages = header.readUInt32BE(28);
  const pagesAreValid = header.readUInt32BE(24) === header.readUInt32BE(92);
  const isComplete = !existsSync(`${path}-wal`) && header.toString('latin1', 0, 16) === MAGIC;
  const bytes = statSync(path).size;
  if (isComplete && pagesAreValid && bytes !== pages * pageBytes) {
    const expected = `${pages} pages of ${pageBytes} bytes are not ${bytes} bytes`;
    throw new LogDamagedError(path, 'its end', expected);
  }
  return header.readUInt32BE(60);
}

function inspectContent(path: string, acknowledged: number): number {
  const database = openForReading(path);
  const reader = new LogReader(
    path,
    () => database,
    () => acknowledged,
  );
  try {
    if (describedTables(database) !== expectedTables()) {
      throw new LogDamagedError(path, 'its schema', 'its tables are not those of a log');
    }
    const head = reader.headPosition();
    reader.readAll({ after: Math.max(head - LAST_EVENTS, -1) });
    return head;
  } finally {
    reader.close();
  }
}

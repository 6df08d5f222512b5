import { rmSync } from 'node:fs';
import { type Database, openDatabase, type OpenOptions, saysDamaged } from './database.driver.js';

/**
 * Opens a file whose content can be had again: a damaged one is thrown away and begun anew. Looks at the whole file, so it is for
 * small ones. `check` throws when a row is not what it was.
 * @throws UnknownFileError when the file belongs to somebody else
 */
export function openDisposable(
  path: string,
  options: OpenOptions,
  check: (database: Database) => void = () => undefined,
): Database {
  const whole = openWhole(path, options, check);
  if (whole) return whole;
  for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true });
  return openDatabase(path, options);
}

/** Undefined when it is damaged. */
function openWhole(
  path: string,
  options: OpenOptions,
  check: (database: Database) => void,
): Database | undefined {
  let database: Database | undefined;
  try {
    database = openDatabase(path, options);
    if (database.pragma('integrity_check') === 'ok') {
      check(database);
      return database;
    }
  } catch (error) {
    const isDamaged = saysDamaged(error) || (error instanceof Error && saysDamaged(error.cause));
    if (!database && !isDamaged) throw error;
  }
  database?.close();
  return undefined;
}

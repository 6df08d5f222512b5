import { createHash } from 'node:crypto';
import { type Database, type SqlValue, openDatabase } from '#sqlite';
import { orderedColumns, tablesOf } from './checkpoints.js';
import { ReadModelDatabase } from './read-model.database.js';

/** What a projection's tables hold. */
export interface RowsDigest {
  rows: number;
  /** SHA-256, hex, over every row of every table in an order that depends on nothing but the rows. */
  sha256: string;
}

/** How many rows are read before others get a turn. */
const PAUSE_AFTER_ROWS = 500;

/** The rows of a file as they are now, whatever becomes of the file. */
export class ReadModelSnapshot {
  private readonly database: Database;

  constructor(path: string) {
    this.database = openDatabase(path, { readOnly: true });
    this.database.exec('BEGIN');
    // A read transaction sees the file as it is at its first read.
    this.database.prepare('SELECT name FROM projections').all();
  }

  /** `pause` lets others run. */
  async digest(projection: string, pause: () => Promise<void>): Promise<RowsDigest> {
    const hash = createHash('sha256');
    const schema = new ReadModelDatabase(this.database);
    let rows = 0;
    for (const table of tablesOf(schema, projection)) {
      const columns = orderedColumns(schema, table);
      hash.update(`${JSON.stringify([table, columns])}\n`);
      const list = columns.map((column) => `"${column}"`).join(', ');
      const all = this.database.prepare<Record<string, SqlValue>>(
        `SELECT ${list} FROM "${table}" ORDER BY ${list}`,
      );
      for (const row of all.iterate()) {
        hash.update(`${JSON.stringify(Object.values(row))}\n`);
        rows += 1;
        if (rows % PAUSE_AFTER_ROWS === 0) await pause();
      }
    }
    return { rows, sha256: hash.digest('hex') };
  }

  close(): void {
    this.database.close();
  }
}

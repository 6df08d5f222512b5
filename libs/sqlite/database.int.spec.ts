import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertSynchronous, type Database, openDatabase, sqliteCode } from './database.driver.js';
import { inTransaction } from './transaction.js';

describe('an SQLite file', () => {
  let folder: string;
  let database: Database;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'database-'));
    database = openDatabase(join(folder, 'test.db'));
    database.exec('CREATE TABLE numbers (n INTEGER NOT NULL) STRICT');
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  const numbers = () => database.prepare<{ n: number }>('SELECT n FROM numbers').all();
  const insert = (n: number | bigint) => database.prepare('INSERT INTO numbers VALUES (?)').run(n);

  it.each(['FULL', 'NORMAL'] as const)('keeps synchronous %s after a write', (synchronous) => {
    const other = openDatabase(join(folder, 'other.db'), { synchronous });
    other.exec('CREATE TABLE t (n INTEGER)');
    assertSynchronous(other, synchronous);
    const wrong = synchronous === 'FULL' ? 'NORMAL' : 'FULL';
    expect(() => assertSynchronous(other, wrong)).toThrow(/not durable/);
    other.close();
  });

  it('rolls a transaction back when its work throws', () => {
    const work = () => {
      insert(1);
      throw new Error('changed my mind');
    };
    expect(() => inTransaction(database, work)).toThrow('changed my mind');
    expect(numbers()).toEqual([]);
    inTransaction(database, () => insert(2));
    expect(numbers()).toEqual([{ n: 2 }]);
  });

  it('throws instead of rounding an integer above 2^53', () => {
    insert(2n ** 53n + 1n);
    expect(numbers).toThrow();
  });

  it('refuses to write on a read-only connection', () => {
    const reader = openDatabase(join(folder, 'test.db'), { readOnly: true });
    let code: number | undefined;
    try {
      reader.exec('DELETE FROM numbers');
    } catch (error) {
      code = sqliteCode(error);
    }
    expect(code).toBe(8);
    reader.close();
  });
});

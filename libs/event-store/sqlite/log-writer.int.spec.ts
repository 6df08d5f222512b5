import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '#sqlite';
import { newEvent, sequence, type Sequence } from '../events.contract.js';
import { encodeAppend } from '../append.encoding.js';
import type { Expected, JsonObject } from '../event-store.port.js';
import { openForWriting } from './log.file.js';
import type { LogWrite } from './log.write.js';
import { LogWriter } from './log-writer.js';

describe('the writer of the log', () => {
  let folder: string;
  let path: string;
  let next: Sequence;
  /** Applied to every connection the writer opens. */
  let prepare: (database: Database) => Database;
  let writer: LogWriter;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-writer-'));
    path = join(folder, 'log.db');
    next = sequence();
    prepare = (database) => database;
    writer = new LogWriter(path, (file) => prepare(openForWriting(file)));
  });
  afterEach(() => {
    writer.close();
    rmSync(folder, { recursive: true });
  });

  const append = (stream: string, expected: Expected, data?: JsonObject): LogWrite => ({
    kind: 'append',
    stream,
    expected,
    events: encodeAppend(stream, expected, [newEvent(next, data)]),
  });
  /** Makes the writer open its file again, so that `prepare` has its effect. */
  const reopenWith = (wrap: typeof prepare): void => {
    prepare = wrap;
    writer.close();
  };
  const stored = (): number => {
    const database = openForWriting(path);
    const row = database.prepare<{ n: number }>('SELECT count(*) AS n FROM events').get();
    database.close();
    return row!.n;
  };

  it('commits with synchronous FULL, also after the first write', () => {
    let connection: Database | undefined;
    reopenWith((database) => (connection = database));
    writer.commit([append('agent-1', 'no_stream')], 0);
    expect(connection?.pragma('synchronous')).toBe(2);
    expect(connection?.pragma('journal_mode')).toBe('wal');
  });

  it('acknowledges nothing on a connection that does not sync its commits', () => {
    reopenWith((database) => {
      database.exec('PRAGMA synchronous = NORMAL');
      return database;
    });
    expect(() => writer.commit([append('agent-1', 'no_stream')], 0)).toThrow(/not durable/);
  });

  it('leaves the neighbours of a conflict alone', () => {
    const outcomes = writer.commit(
      [
        append('agent-1', 'no_stream'),
        append('agent-1', 'no_stream'),
        append('agent-1', 0),
        append('agent-2', 'no_stream'),
      ],
      0,
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['applied', 'conflict', 'applied', 'applied']);
    expect(stored()).toBe(3);
  });

  it('reports a full disk as not applied, whole batches at a time, and recovers with the space', () => {
    let pages = 10;
    reopenWith((database) => {
      database.pragma(`max_page_count = ${pages}`);
      return database;
    });
    const large = { text: 'x'.repeat(60_000) };
    const batch = [append('agent-1', 'no_stream'), append('agent-2', 'no_stream', large)];
    for (let attempt = 0; attempt < 2; attempt++) {
      const outcomes = writer.commit(batch, 0);
      expect(outcomes).toMatchObject(batch.map(() => ({ outcome: 'not_applied' })));
      expect(outcomes).toMatchObject(batch.map(() => ({ detail: /full/ })));
    }
    expect(stored()).toBe(0);
    pages = 1_000;
    expect(writer.commit(batch, 0).map(({ kind }) => kind)).toEqual(['applied', 'applied']);
  });

  it('reports a file that cannot be written as not applied, and recovers', () => {
    reopenWith((database) => {
      database.exec('PRAGMA query_only = ON');
      return database;
    });
    const write = append('agent-1', 'no_stream');
    expect(writer.commit([write], 0)).toMatchObject([{ outcome: 'not_applied' }]);
    prepare = (database) => database;
    expect(writer.commit([write], 0)).toMatchObject([{ kind: 'applied', lastRevision: 0 }]);
  });

  describe('when COMMIT fails', () => {
    const failure = Object.assign(new Error('disk I/O error'), { errcode: 10 | (4 << 8) });

    /** The first COMMIT throws, before or after it took place. */
    const failingCommit = (tookPlace: boolean) => {
      let failures = 0;
      reopenWith((database) => ({
        ...database,
        get isTransaction() {
          return database.isTransaction;
        },
        exec: (sql) => {
          if (sql !== 'COMMIT' || failures > 0) return database.exec(sql);
          failures++;
          if (tookPlace) database.exec(sql);
          throw failure;
        },
      }));
    };

    it('looks the events up and answers as usual when they are there', () => {
      failingCommit(true);
      const outcomes = writer.commit([append('agent-1', 'no_stream')], 0);
      expect(outcomes).toMatchObject([{ kind: 'applied', lastRevision: 0 }]);
      expect(stored()).toBe(1);
    });

    it('looks the events up and reports not applied when they are not', () => {
      failingCommit(false);
      const write = append('agent-1', 'no_stream');
      expect(writer.commit([write, write], 0)).toMatchObject([
        { outcome: 'not_applied' },
        { outcome: 'not_applied' },
      ]);
      expect(stored()).toBe(0);
      expect(writer.commit([write], 0)).toMatchObject([{ kind: 'applied' }]);
    });

    it.each([true, false])('reports unknown when the file cannot be opened (%s)', (tookPlace) => {
      failingCommit(tookPlace);
      const failing = prepare;
      let opened = 0;
      reopenWith((database) => {
        if (opened++ === 0) return failing(database);
        database.close();
        throw failure;
      });
      const write = append('agent-1', 'no_stream');
      expect(writer.commit([write], 0)).toMatchObject([{ outcome: 'unknown' }]);
      expect(writer.commit([write], 0)).toMatchObject([{ outcome: 'not_applied' }]);
      prepare = (database) => database;
      const [outcome] = writer.commit([write], 0);
      expect(outcome).toMatchObject({ kind: tookPlace ? 'repeat' : 'applied', lastRevision: 0 });
    });
  });
});

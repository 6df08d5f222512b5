import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock, SystemTimers } from '#platform/system';
import { type Database, openDatabase } from '#sqlite';
import { newEvents, sequence, type Sequence } from '../events.contract.js';
import { StreamDeletedError } from '../event-store.port.js';
import { LogDamagedError } from '../log-damaged.error.js';
import { headPathOf, LogHeadFile } from './log-head.file.js';
import { openForWriting } from './log.file.js';
import { SqliteEventStore } from './sqlite-event-store.js';

const STREAM = 'agent-one';
const OTHER = 'agent-two';

describe('the log, once it is damaged,', () => {
  let folder: string;
  let path: string;
  let next: Sequence;
  let store: SqliteEventStore;

  const open = async () => {
    store = await SqliteEventStore.open({
      path,
      clock: new SystemClock(),
      timers: new SystemTimers(),
    });
    return store;
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'log-damage-'));
    path = join(folder, 'log.db');
    next = sequence();
    await open();
    await store.append(STREAM, 'no_stream', newEvents(next, 3));
    await store.append(OTHER, 'no_stream', newEvents(next, 3));
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  /** What no append of ours does. */
  const meddle = (sql: string) => {
    const database = openForWriting(path);
    database.exec(sql);
    database.close();
  };

  it.each([
    [`UPDATE events SET data = '{"amount":4201}' WHERE position = 2`, 'position 2'],
    ['UPDATE events SET recorded_at = recorded_at + 1 WHERE position = 2', 'position 2'],
    [`DELETE FROM events WHERE position = 2`, 'stream agent-one, revision 1'],
    [`DELETE FROM events WHERE position = 3`, 'stream agent-one, revision 2'],
    [`UPDATE streams SET truncated_before = 1 WHERE stream = '${STREAM}'`, 'stream agent-one'],
    [`DELETE FROM streams WHERE stream = '${STREAM}'`, 'stream agent-one'],
  ])('after %s names the place, serves nothing of it and appends no more', async (sql, place) => {
    meddle(sql);
    for (const direction of ['forward', 'backward'] as const) {
      const read = store.readStream(STREAM, { direction });
      await expect(read).rejects.toMatchObject({ name: 'LogDamagedError', file: path, place });
    }
    expect(store.damage()).toBeInstanceOf(LogDamagedError);
    const append = store.append('agent-three', 'no_stream', newEvents(next, 1));
    await expect(append).rejects.toBeInstanceOf(LogDamagedError);
    expect(await store.readStream(OTHER)).toHaveLength(3);
  });

  it('notices a gap and a missing end when it is read as a whole', async () => {
    meddle('DELETE FROM events WHERE position = 2');
    await expect(store.readAll({ after: -1 })).rejects.toMatchObject({ place: 'position 2' });
    meddle('DELETE FROM events WHERE position = 6');
    await expect(store.readAll({ after: 2 })).rejects.toMatchObject({ place: 'position 6' });
    await expect(store.headPosition()).rejects.toMatchObject({ place: 'its end' });
  });

  it('is not appended to where the writer finds that it does not agree with itself', async () => {
    meddle(`DELETE FROM streams WHERE stream = '${STREAM}'`);
    const append = store.append(STREAM, 'no_stream', newEvents(next, 1));
    await expect(append).rejects.toMatchObject({
      name: 'LogDamagedError',
      place: 'stream agent-one',
    });
    expect(store.damage()).not.toBeNull();
  });

  it('is not opened when it ends before what was acknowledged, and is when that is wanted', async () => {
    await store.close();
    checkpointed();
    copyFileSync(path, `${path}.copy`);
    await open();
    await store.append(STREAM, 2, newEvents(next, 1));
    await store.close();
    checkpointed();
    copyFileSync(`${path}.copy`, path);
    await expect(open()).rejects.toMatchObject({ place: 'its end' });
    rmSync(headPathOf(path));
    await open();
    expect(await store.readStream(STREAM)).toHaveLength(3);
  });

  it('is not begun anew in the place of one that is empty, cut or gone', async () => {
    await store.close();
    checkpointed();
    for (const hurt of [
      () => truncateSync(path, readFileSync(path).length - 4_096),
      () => truncateSync(path, 0),
      () => rmSync(path),
    ]) {
      hurt();
      await expect(open()).rejects.toBeInstanceOf(LogDamagedError);
    }
  });

  it('is left as it is when its write-ahead log would lose commits', async () => {
    for (let revision = 2; revision < 5; revision++) {
      await store.append(STREAM, revision, newEvents(next, 1));
    }
    const crashed = join(folder, 'crashed.db');
    for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, `${crashed}${suffix}`);
    const wal = readFileSync(`${crashed}-wal`);
    wal[32 + 24 + 100]! ^= 1;
    writeFileSync(`${crashed}-wal`, wal);
    const before = readFileSync(crashed);

    const ports = { clock: new SystemClock(), timers: new SystemTimers() };
    await expect(SqliteEventStore.open({ path: crashed, ...ports })).rejects.toMatchObject({
      file: `${crashed}-wal`,
      place: 'frame 1',
    });
    expect(readFileSync(crashed)).toEqual(before);
    expect(readFileSync(`${crashed}-wal`)).toEqual(wal);
  });

  it('is not taken for damaged because its head file is missing or unreadable', async () => {
    await store.close();
    writeFileSync(headPathOf(path), 'nonsense');
    await open();
    expect(await store.headPosition()).toBe(6);
    await store.close();
    expect(LogHeadFile.read(headPathOf(path))).toBe(6);
  });

  /** Everything in one file. */
  function checkpointed(): void {
    const database = openForWriting(path);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    for (const file of [`${path}-wal`, `${path}-shm`]) if (existsSync(file)) rmSync(file);
  }
});

describe('a log of the first version', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-version-'));
    path = join(folder, 'log.db');
    const database = openDatabase(path, { journal: 'DELETE' });
    database.exec(FIRST_VERSION);
    database.close();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = () =>
    SqliteEventStore.open({ path, clock: new SystemClock(), timers: new SystemTimers() });

  it('is opened with all it holds, and guarded from then on', async () => {
    const store = await open();
    const all = await store.readAll({ after: -1 });
    expect(all.events.map(({ stream, data }) => [stream, data])).toEqual([
      ['agent-a', { n: 0 }],
      ['agent-a', { n: 1 }],
      ['agent-b', { n: 2 }],
    ]);
    const shown = await store.readStream('agent-a');
    expect(shown.map(({ revision }) => revision)).toEqual([1]);
    await expect(store.readStream('agent-b')).rejects.toBeInstanceOf(StreamDeletedError);
    const appended = await store.append('agent-a', 1, newEvents(sequence(), 1));
    expect(appended).toEqual({ lastRevision: 2, lastPosition: 4 });
    await store.close();

    meddle((database) => database.exec(`UPDATE events SET data = '{}' WHERE position = 1`));
    await expect(open()).rejects.toMatchObject({ place: 'position 1' });
  });

  it('is left as it was when it is damaged already', async () => {
    const bytes = readFileSync(path);
    const inTheIndex = bytes.lastIndexOf('agent-b', bytes.indexOf('Happened'));
    bytes[inTheIndex]! ^= 1;
    writeFileSync(path, bytes);
    await expect(open()).rejects.toBeInstanceOf(LogDamagedError);
    meddle((database) => expect(database.pragma('user_version')).toBe(1));
  });

  function meddle(work: (database: Database) => void): void {
    const database = openDatabase(path);
    work(database);
    database.close();
  }
});

const FIRST_VERSION = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
  CREATE TABLE stream_marks (
    stream TEXT PRIMARY KEY,
    truncated_before INTEGER NOT NULL,
    status TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO events VALUES
    (1, 'agent-a', 0, '00000000-0000-4000-8000-000000000001', 'Happened', '{"n":0}', '{}', 1000),
    (2, 'agent-a', 1, '00000000-0000-4000-8000-000000000002', 'Happened', '{"n":1}', '{}', 1000),
    (3, 'agent-b', 0, '00000000-0000-4000-8000-000000000003', 'Happened', '{"n":2}', '{}', 1001);
  INSERT INTO stream_marks VALUES ('agent-a', 1, 'live'), ('agent-b', 1, 'tombstoned');
  PRAGMA application_id = ${0x42_75_72_73};
  PRAGMA user_version = 1`;

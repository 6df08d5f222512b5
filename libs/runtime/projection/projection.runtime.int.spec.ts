import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogSubscription, NewEvent, RecordedEvent } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { openDatabase } from '#sqlite';
import { type Projection, ProjectionRuntime, type ProjectionRuntimeOptions } from './index.js';

const random = new SystemRandom();
const timers = new SystemTimers();

/** Counts words; `poison` breaks it after it has written something. */
const words: Projection = {
  name: 'words',
  version: 1,
  tables: `CREATE TABLE words (word TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT`,
  project(db, { data }) {
    const word = String(data['word']);
    db.run(
      `INSERT INTO words VALUES (?, 1) ON CONFLICT (word) DO UPDATE SET count = count + 1`,
      word,
    );
    if (word === 'poison') throw new Error('cannot digest');
  },
};

const lengths: Projection = {
  name: 'lengths',
  version: 1,
  tables: `
    CREATE TABLE lengths (position INTEGER PRIMARY KEY, length INTEGER NOT NULL) STRICT;
    CREATE INDEX lengths_by_length ON lengths (length)`,
  project(db, { data, position }) {
    db.run('INSERT INTO lengths VALUES (?, ?)', position, String(data['word']).length);
  },
};

function said(word: string): NewEvent {
  const id = random.uuid();
  const metadata = { $correlationId: id, $causationId: id, schemaVersion: 1 };
  return { id, type: 'Said', data: { word }, metadata };
}

describe('the projection runtime', () => {
  let folder: string;
  let store: MemoryEventStore;
  const running: ProjectionRuntime[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'projection-'));
    store = new MemoryEventStore({ clock: new SystemClock(), timers });
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((runtime) => runtime.close()));
    await store.close();
    rmSync(folder, { recursive: true });
  });

  function start(options: Partial<ProjectionRuntimeOptions> = {}): ProjectionRuntime {
    const databasePath = join(folder, 'read-models.db');
    const projections = [words, lengths];
    const runtime = new ProjectionRuntime({ store, databasePath, projections, timers, ...options });
    runtime.start();
    running.push(runtime);
    return runtime;
  }

  async function say(...all: string[]): Promise<void> {
    for (const word of all) await store.append('talk-1', 'any', [said(word)]);
  }

  async function caughtUp(runtime: ProjectionRuntime): Promise<void> {
    expect(await runtime.caughtUpTo(await store.headPosition(), 5_000)).toBe(true);
  }

  function counts(runtime: ProjectionRuntime): Record<string, number> {
    const rows = runtime.reader.all<{ word: string; count: number }>('SELECT * FROM words');
    return Object.fromEntries(rows.map(({ word, count }) => [word, count]));
  }

  it('follows the log, and goes on from its checkpoint after a restart', async () => {
    const first = start();
    await say('a', 'b', 'a');
    await caughtUp(first);
    expect(counts(first)).toEqual({ a: 2, b: 1 });
    await first.close();

    await say('b');
    const second = start();
    await caughtUp(second);
    expect(counts(second)).toEqual({ a: 2, b: 2 });
  });

  it('says after the time given that it is not there yet', async () => {
    const runtime = start();
    await say('a');
    const head = await store.headPosition();
    expect(await runtime.caughtUpTo(head + 1, 20)).toBe(false);
    expect(await runtime.caughtUpTo(head, 20)).toBe(true);
  });

  it('skips events that come again', async () => {
    let subscription: LogSubscription | undefined;
    const again = {
      headPosition: () => store.headPosition(),
      readAll: () => Promise.reject(new Error('only a rebuild reads by itself')),
      subscribe: (options: LogSubscription) => {
        subscription = options;
        return { stop: () => Promise.resolve() };
      },
    };
    const runtime = start({ store: again });
    await say('a', 'b', 'c');
    const { events, scannedTo } = await store.readAll({ after: -1 });
    await subscription?.onEvents(events.slice(0, 2), events[1]?.position ?? -1);
    await subscription?.onEvents(events, scannedTo);
    await subscription?.onEvents(events, scannedTo);
    expect(counts(runtime)).toEqual({ a: 1, b: 1, c: 1 });
    expect(runtime.position()).toBe(scannedTo);
    expect(runtime.failures()).toEqual([]);
  });

  it('writes rows and checkpoint together or not at all when the file fails in the middle of a batch', async () => {
    const failing = vi.fn();
    const failOnce: Projection = {
      ...lengths,
      project(db, event) {
        lengths.project(db, event);
        if (event.data['word'] === 'c' && failing.mock.calls.length === 0) {
          failing();
          throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
        }
      },
    };
    await say('a', 'b', 'c', 'd');
    const onStorageTrouble = vi.fn(() => {
      const file = openDatabase(join(folder, 'read-models.db'), { readOnly: true });
      seen = {
        words: file.prepare('SELECT * FROM words').all(),
        positions: file.prepare<{ position: number }>('SELECT position FROM projections').all(),
      };
      file.close();
    });
    let seen = {};
    const runtime = start({ projections: [words, failOnce], onStorageTrouble });
    await caughtUp(runtime);
    expect(onStorageTrouble).toHaveBeenCalledOnce();
    expect(seen).toEqual({ words: [], positions: [{ position: -1 }, { position: -1 }] });
    expect(counts(runtime)).toEqual({ a: 1, b: 1, c: 1, d: 1 });
    expect(runtime.dump('lengths')['lengths']).toHaveLength(4);
  });

  it('records an event that a projection cannot digest and goes on with all others', async () => {
    const onFailure = vi.fn();
    await say('a', 'poison', 'b');
    const runtime = start({ onFailure });
    await caughtUp(runtime);

    expect(counts(runtime)).toEqual({ a: 1, b: 1 });
    expect(runtime.dump('lengths')['lengths']).toHaveLength(3);
    const [failure] = runtime.failures();
    expect(failure).toMatchObject({ projection: 'words', stream: 'talk-1', eventType: 'Said' });
    expect(failure?.error).toContain('cannot digest');
    expect(onFailure.mock.calls).toEqual([[failure]]);

    await runtime.close();
    expect(start().failures()).toEqual([failure]);
  });

  it('fills a projection again when its version changed, and leaves the others alone', async () => {
    const first = start();
    await say('a', 'b');
    await caughtUp(first);
    await first.close();

    const seen: RecordedEvent[] = [];
    const watched: Projection = { ...words, project: (_db, event) => void seen.push(event) };
    const renamed: Projection = {
      name: 'lengths',
      version: 2,
      tables: 'CREATE TABLE long_words (word TEXT NOT NULL) STRICT',
      project: (db, { data }) =>
        void db.run('INSERT INTO long_words VALUES (?)', `${data['word']}!`),
    };
    const second = start({ projections: [watched, renamed] });
    await caughtUp(second);
    expect(seen).toEqual([]);
    expect(counts(second)).toEqual({ a: 1, b: 1 });
    expect(second.dump('lengths')).toEqual({ long_words: [{ word: 'a!' }, { word: 'b!' }] });
    expect(() => second.reader.all('SELECT * FROM lengths')).toThrow();
  });

  it('gives the same rows by a rebuild as live, over many batches', async () => {
    const live = start();
    for (let round = 0; round < 40; round += 1)
      await store.append(
        `talk-${round % 7}`,
        'any',
        Array.from({ length: 30 }, (_, index) => said(`w${(round * index) % 50}`)),
      );
    await say('poison');
    await caughtUp(live);
    const before = [live.dump('words'), live.dump('lengths'), live.failures()];

    await live.rebuild();
    expect([live.dump('words'), live.dump('lengths'), live.failures()]).toEqual(before);
    await live.rebuild('lengths');
    expect([live.dump('words'), live.dump('lengths'), live.failures()]).toEqual(before);

    const fresh = start({ databasePath: join(folder, 'fresh.db') });
    await caughtUp(fresh);
    expect([fresh.dump('words'), fresh.dump('lengths'), fresh.failures()]).toEqual(before);
    await expect(live.rebuild('unknown')).rejects.toThrow(RangeError);
  });

  it('says what each projection holds after a rebuild and held before, at the same position of the log', async () => {
    const runtime = start();
    await say('a', 'b', 'a');
    await caughtUp(runtime);
    const [counted, measured, ...others] = await runtime.rebuild();
    expect(others).toEqual([]);
    expect(counted).toMatchObject({ projection: 'words', rows: 2, before: { rows: 2 } });
    expect(measured).toMatchObject({ projection: 'lengths', rows: 3, before: { rows: 3 } });
    for (const { sha256, before, position } of [counted, measured].flatMap((each) => each ?? [])) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(before.sha256).toBe(sha256);
      expect(position).toBe(await store.headPosition());
    }

    await say('c');
    await caughtUp(runtime);
    const [later] = await runtime.rebuild('words');
    expect(later?.rows).toBe(3);
    expect(later?.sha256).not.toBe(counted?.sha256);
  });

  it('tells by the digest that rows were not what the log makes of them', async () => {
    await say('a', 'b');
    const drifting: Projection = {
      ...words,
      project(db, event) {
        words.project(db, event);
        if (drifted) db.run('UPDATE words SET count = count + 1');
      },
    };
    let drifted = true;
    const runtime = start({ projections: [drifting, lengths] });
    await caughtUp(runtime);
    drifted = false;
    const [rebuilt, untouched] = await runtime.rebuild();
    expect(rebuilt?.before.rows).toBe(rebuilt?.rows);
    expect(rebuilt?.before.sha256).not.toBe(rebuilt?.sha256);
    expect(untouched?.before.sha256).toBe(untouched?.sha256);
    expect(counts(runtime)).toEqual({ a: 1, b: 1 });
  });

  it('answers with whole rows all the time while it rebuilds, and misses nothing that is said meanwhile', async () => {
    const runtime = start();
    for (let round = 0; round < 30; round += 1)
      await store.append(
        'talk-1',
        'any',
        Array.from({ length: 50 }, (_, index) => said(`w${index}`)),
      );
    await caughtUp(runtime);
    const progress: number[] = [];
    const seen: number[] = [];
    const [rebuilt] = await runtime.rebuild('words', (position, head) => {
      progress.push(position / head);
      seen.push(Object.keys(counts(runtime)).length);
      if (progress.length === 2) void store.append('talk-2', 'any', [said('meanwhile')]);
    });
    expect(progress.length).toBeGreaterThan(3);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(Math.min(...seen)).toBe(50);
    await caughtUp(runtime);
    expect(counts(runtime)).toMatchObject({ w0: 30, w49: 30, meanwhile: 1 });
    expect(rebuilt?.before.sha256).toBe(rebuilt?.sha256);
    expect(readdirSync(folder).filter((name) => name.includes('rebuild'))).toEqual([]);
  });

  it('gives up a rebuild when it is closed, and nothing of it stays behind', async () => {
    const runtime = start();
    for (let round = 0; round < 30; round += 1)
      await store.append(
        'talk-1',
        'any',
        Array.from({ length: 50 }, () => said('a')),
      );
    await caughtUp(runtime);
    let closed: Promise<void> | undefined;
    const rebuilding = runtime.rebuild(undefined, () => {
      closed ??= runtime.close();
    });
    await expect(rebuilding).rejects.toThrow('closed');
    await closed;
    expect(readdirSync(folder).filter((name) => name.includes('rebuild'))).toEqual([]);
    const again = start();
    await caughtUp(again);
    expect(counts(again)).toEqual({ a: 1_500 });
  });

  it('keeps what it had when a rebuild fails', async () => {
    const readAll = vi.fn(() => Promise.reject(new Error('the log cannot be read')));
    const runtime = start({
      store: {
        headPosition: () => store.headPosition(),
        subscribe: (options) => store.subscribe(options),
        readAll,
      },
    });
    await say('a');
    await caughtUp(runtime);
    await expect(runtime.rebuild()).rejects.toThrow('the log cannot be read');
    await say('b');
    await caughtUp(runtime);
    expect(counts(runtime)).toEqual({ a: 1, b: 1 });
  });

  it('survives two rebuilds at once and stays with one subscription', async () => {
    const runtime = start();
    await say('a', 'b');
    await Promise.all([runtime.rebuild(), runtime.rebuild('words')]);
    await say('c');
    await caughtUp(runtime);
    expect(counts(runtime)).toEqual({ a: 1, b: 1, c: 1 });
  });

  it('keeps answering while the disk is full and catches up without a restart when there is room', async () => {
    let full = false;
    const trouble = vi.fn();
    const runtime = start({
      onStorageTrouble: trouble,
      open: (path) => {
        const database = openDatabase(path, { synchronous: 'NORMAL' });
        if (full) database.exec('PRAGMA max_page_count = 1');
        return {
          ...database,
          prepare: (sql) => {
            // SQLite itself says that the file may not grow any more.
            database.exec(`PRAGMA max_page_count = ${full ? 1 : 1_000_000}`);
            const statement = database.prepare<never>(sql);
            return {
              get: statement.get.bind(statement),
              all: statement.all.bind(statement),
              iterate: statement.iterate.bind(statement),
              run: (...values) => {
                database.exec(`PRAGMA max_page_count = ${full ? 1 : 1_000_000}`);
                return statement.run(...values);
              },
            };
          },
          get isTransaction() {
            return database.isTransaction;
          },
        };
      },
    });
    await say('before');
    await caughtUp(runtime);

    full = true;
    const long = 'x'.repeat(20_000);
    await say(long);
    await vi.waitFor(() => expect(trouble).toHaveBeenCalled(), 5_000);
    expect(trouble.mock.calls[0]?.[0]).toMatchObject({ errcode: 13 });
    expect(counts(runtime)).toEqual({ before: 1 });

    full = false;
    await caughtUp(runtime);
    expect(counts(runtime)).toEqual({ before: 1, [long]: 1 });
    expect(runtime.failures()).toEqual([]);
  });

  it('throws away a damaged file and fills a new one', async () => {
    await say('a');
    writeFileSync(join(folder, 'read-models.db'), 'not a database, '.repeat(1_000));
    const runtime = start();
    await caughtUp(runtime);
    expect(counts(runtime)).toEqual({ a: 1 });
  });

  it('starts over in a new file when the old one turns out to be damaged while running', async () => {
    let damaged = true;
    const projected: string[] = [];
    const once: Projection = {
      ...lengths,
      project(db, event) {
        if (event.data['word'] === 'c' && damaged) {
          damaged = false;
          throw Object.assign(new Error('database disk image is malformed'), { errcode: 11 });
        }
        lengths.project(db, event);
        projected.push(String(event.data['word']));
      },
    };
    const runtime = start({ projections: [words, once] });
    await say('a', 'b');
    await caughtUp(runtime);
    await say('c');
    await caughtUp(runtime);
    expect(counts(runtime)).toEqual({ a: 1, b: 1, c: 1 });
    expect(runtime.dump('lengths')['lengths']).toHaveLength(3);
    expect(projected).toEqual(['a', 'b', 'a', 'b', 'c']);
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock, SystemTimers } from '#platform/system';
import { openDatabase, startWorker, UnknownFileError } from '#sqlite';
import { encodeAppend } from '../append.encoding.js';
import { newEvent, newEvents, newStream, sequence } from '../events.contract.js';
import { killUnderLoad } from './kill-load.fixture.js';
import { openForWriting } from './log.file.js';
import type { LogWrite } from './log.write.js';
import { SqliteEventStore, type SqliteEventStoreOptions } from './sqlite-event-store.js';
import { WriterThread } from './writer-thread.js';

type Commit = Parameters<NonNullable<SqliteEventStoreOptions['onCommit']>>[0];

describe('the sqlite event store', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sqlite-event-store-'));
    path = join(folder, 'log.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (file = path) =>
    SqliteEventStore.open({ path: file, clock: new SystemClock(), timers: new SystemTimers() });

  it('tells of each sync of the disk how much it made durable, and of nothing that was refused', async () => {
    const commits: Commit[] = [];
    const ports = { clock: new SystemClock(), timers: new SystemTimers() };
    const onCommit = (commit: Commit) => void commits.push(commit);
    const store = await SqliteEventStore.open({ path, ...ports, onCommit });
    const next = sequence();
    const [one, other] = [newStream(next), newStream(next)];
    await Promise.all([
      store.append(one, 'no_stream', newEvents(next, 2)),
      store.append(other, 'no_stream', newEvents(next, 1)),
    ]);
    await expect(store.append(one, 'no_stream', newEvents(next, 1))).rejects.toThrow();
    await store.close();
    expect(commits).toEqual([{ appends: 2, events: 3, size: expect.any(Number) }]);
  });

  it('has every acknowledged append whole after kill -9 under load, five times', async () => {
    for (let cycle = 1; cycle <= 5; cycle++) {
      const acknowledged = await killUnderLoad(path, cycle, cycle * 150);
      const store = await open();
      for (const [stream, lastRevision] of acknowledged) {
        const [head] = await store.readStream(stream, { direction: 'backward', limit: 1 });
        expect(head?.revision).toBeGreaterThanOrEqual(lastRevision);
        expect(head?.data.part).toBe(2);
      }
      await store.close();
    }
    const store = await open();
    const revisions = new Map<string, number>();
    for (let after = -1; ;) {
      const page = await store.readAll({ after });
      for (const { stream, revision, data } of page.events) {
        expect(revision).toBe((revisions.get(stream) ?? -1) + 1);
        expect(data).toMatchObject({ group: Math.floor(revision / 3), part: revision % 3 });
        revisions.set(stream, revision);
      }
      if (page.scannedTo === after) break;
      after = page.scannedTo;
    }
    expect(revisions.size).toBe(5 * 16);
    await store.close();
  }, 30_000);

  it('refuses a file that is not a database, and leaves it as it is', async () => {
    writeFileSync(path, 'this is a letter to my aunt, not a database\n'.repeat(100));
    const before = readFileSync(path);
    await expect(open()).rejects.toBeInstanceOf(UnknownFileError);
    expect(readFileSync(path)).toEqual(before);
  });

  it("refuses another program's database", async () => {
    const other = openDatabase(path);
    other.exec('CREATE TABLE recipes (name TEXT)');
    other.close();
    await expect(open()).rejects.toThrow(/belongs to another program/);
  });

  it('refuses a log of another version, naming both', async () => {
    await (await open()).close();
    const newer = openForWriting(path);
    newer.exec('PRAGMA user_version = 7');
    newer.close();
    await expect(open()).rejects.toThrow(/schema 7, this program knows 2/);
  });

  it('answers unknown for a batch whose writer dies, and starts another writer', async () => {
    let thread: Worker | undefined;
    const writer = new WriterThread(path, async (...args) => (thread = await startWorker(...args)));
    await writer.start();
    const next = sequence();
    const stream = newStream(next);
    const events = encodeAppend(stream, 'no_stream', [newEvent(next)]);
    const write: LogWrite = { kind: 'append', stream, expected: 'no_stream', events };

    // With the write lock taken, the writer is certainly in the middle of its batch.
    const blocker = openForWriting(path);
    blocker.exec('BEGIN IMMEDIATE');
    const answer = writer.commit([write], 0);
    const terminated = thread?.terminate();
    blocker.exec('ROLLBACK');
    blocker.close();
    await terminated;
    expect(await answer).toMatchObject([{ kind: 'unavailable', outcome: 'unknown' }]);
    expect(await writer.commit([write], 0)).toMatchObject([{ kind: 'applied', lastRevision: 0 }]);
    await writer.close();
  });
});

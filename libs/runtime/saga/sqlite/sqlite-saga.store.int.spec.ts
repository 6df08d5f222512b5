import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '#sqlite';
import { START } from '../checkpoint.js';
import { describeSagaStore, recordedEvent } from '../saga-store.contract.js';
import { SqliteSagaStore } from './sqlite-saga.store.js';

let folder: string;
let files = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bursar-sagas-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describeSagaStore('sqlite', () => {
  const store = new SqliteSagaStore(join(folder, `sagas-${(files += 1)}.sqlite`));
  return { store, close: () => store.close() };
});

it('remembers checkpoint and timers after it was closed', () => {
  const path = join(folder, 'sagas.sqlite');
  const first = new SqliteSagaStore(path);
  first.saveCheckpoint({ low: 5, scannedTo: 7, open: [6] });
  first.addTimer({ event: recordedEvent('a'), dueAtMs: 100 });
  first.addTimer({ event: recordedEvent('b'), dueAtMs: 200 });
  first.removeTimer('a');
  first.close();
  const second = new SqliteSagaStore(path);
  expect(second.loadCheckpoint()).toEqual({ low: 5, scannedTo: 7, open: [6] });
  expect(second.timersDueBy(1_000)).toEqual([{ event: recordedEvent('b'), dueAtMs: 200 }]);
  second.close();
});

it.each([
  `UPDATE checkpoint SET value = replace(value, '5', '7')`,
  `UPDATE timers SET due_at_ms = due_at_ms + 1`,
  `UPDATE timers SET event = replace(event, 'a', 'b')`,
])('begins anew after %s, so that everything is delivered again', (change) => {
  const path = join(folder, 'sagas.sqlite');
  const first = new SqliteSagaStore(path);
  first.saveCheckpoint({ low: 5, scannedTo: 7, open: [6] });
  first.addTimer({ event: recordedEvent('a'), dueAtMs: 100 });
  first.close();
  const other = openDatabase(path);
  other.exec(change);
  other.close();
  const second = new SqliteSagaStore(path);
  expect(second.loadCheckpoint()).toEqual(START);
  expect(second.timersDueBy(1_000)).toEqual([]);
  second.close();
});

it('begins anew with a file of the version before', () => {
  const path = join(folder, 'sagas.sqlite');
  const first = new SqliteSagaStore(path);
  first.saveCheckpoint({ low: 5, scannedTo: 7, open: [6] });
  first.close();
  const older = openDatabase(path);
  older.exec(
    `UPDATE checkpoint SET value = '{"low":5,"acknowledged":[7]}'; PRAGMA user_version = 1`,
  );
  older.close();
  const second = new SqliteSagaStore(path);
  expect(second.loadCheckpoint()).toEqual(START);
  second.close();
});

it('begins anew in the place of a damaged file', () => {
  const path = join(folder, 'sagas.sqlite');
  writeFileSync(path, 'no database any more'.repeat(1_000));
  const store = new SqliteSagaStore(path);
  expect(store.loadCheckpoint()).toEqual(START);
  store.close();
});

it('throws when it is closed, so that nobody believes that something was kept', () => {
  const store = new SqliteSagaStore(join(folder, 'sagas.sqlite'));
  store.close();
  expect(() => store.addTimer({ event: recordedEvent('a'), dueAtMs: 1 })).toThrow();
});

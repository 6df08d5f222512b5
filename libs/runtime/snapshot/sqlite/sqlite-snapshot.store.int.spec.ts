import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '#sqlite';
import { describeSnapshotStore, snapshot } from '../snapshot-store.contract.js';
import { SqliteSnapshotStore } from './sqlite-snapshot.store.js';

let folder: string;
let files = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bursar-snapshots-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const fileIn = (name = 'snapshots') => join(folder, `${name}.sqlite`);

describeSnapshotStore('sqlite', () => {
  const store = new SqliteSnapshotStore(fileIn(`snapshots-${(files += 1)}`));
  return { store, close: () => store.close() };
});

it('gives back after a restart what was saved before it', () => {
  const first = new SqliteSnapshotStore(fileIn());
  first.save('mandate-a', snapshot(999));
  first.close();
  const second = new SqliteSnapshotStore(fileIn());
  expect(second.load('mandate-a')).toEqual(snapshot(999));
  second.close();
});

it.each([
  `state = '{"half'`,
  `state = replace(state, '999', '998')`,
  `revision = 998`,
  `stream = 'mandate-b'`,
])('throws when somebody sets %s, so that the stream is read instead', (change) => {
  const store = new SqliteSnapshotStore(fileIn());
  store.save('mandate-a', snapshot(999));
  const other = openDatabase(fileIn());
  other.exec(`UPDATE snapshots SET ${change}`);
  other.close();
  const stream = change.startsWith('stream') ? 'mandate-b' : 'mandate-a';
  expect(() => store.load(stream)).toThrow('a stored text was changed');
  store.close();
});

it('begins anew in the place of a damaged file', () => {
  writeFileSync(fileIn(), 'no database any more'.repeat(1_000));
  const store = new SqliteSnapshotStore(fileIn());
  expect(store.load('mandate-a')).toBeNull();
  store.save('mandate-a', snapshot(999));
  expect(store.load('mandate-a')).toEqual(snapshot(999));
  store.close();
});

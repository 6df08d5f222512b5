import { describe, expect, it } from 'vitest';
import type { Snapshot, SnapshotStore } from '../snapshot-store.port.js';

export function snapshot(revision: number): Snapshot {
  const state = { total: revision, names: ['a', 'ünï'], nested: { none: null } };
  return { version: 2, revision, eventId: `event-${revision}`, state };
}

/** What every store of snapshots does. `open` gives an empty one, which is closed with `close`. */
export function describeSnapshotStore(
  name: string,
  open: () => { store: SnapshotStore; close: () => void },
): void {
  const using = (test: (store: SnapshotStore) => void) => () => {
    const { store, close } = open();
    try {
      test(store);
    } finally {
      close();
    }
  };

  describe(`the snapshot store ${name}`, () => {
    it(
      'has none of a stream that was never saved',
      using((store) => {
        store.save('mandate-a', snapshot(1));
        expect(store.load('mandate-b')).toBeNull();
      }),
    );

    it(
      'keeps the last one of each stream as it was',
      using((store) => {
        store.save('mandate-a', snapshot(1_000));
        store.save('mandate-b', snapshot(1_500));
        store.save('mandate-a', snapshot(2_000));
        expect(store.load('mandate-a')).toEqual(snapshot(2_000));
        expect(store.load('mandate-b')).toEqual(snapshot(1_500));
      }),
    );

    it(
      'keeps the state of the moment it was saved, whatever becomes of it later',
      using((store) => {
        const names = ['a'];
        store.save('mandate-a', { ...snapshot(1), state: { names } });
        names.push('b');
        expect(store.load('mandate-a')?.state).toEqual({ names: ['a'] });
      }),
    );
  });
}

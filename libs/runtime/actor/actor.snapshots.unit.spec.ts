import { describe, expect, it } from 'vitest';
import type { JsonRecord, SnapshotForm } from '#domain';
import { MemorySnapshotStore } from '../snapshot/memory/memory-snapshot.store.js';
import { ActorRuntime } from './actor.runtime.js';
import {
  COUNTER,
  type CounterState,
  type ScriptedStore,
  add,
  gate,
  meta,
  scripted,
} from './counter.fixture.js';

const EVERY = 10;

const SNAPPED: typeof COUNTER & { snapshot: SnapshotForm<CounterState> } = {
  ...COUNTER,
  snapshot: {
    version: 1,
    every: () => EVERY,
    save: ({ total, names }: CounterState) => ({ total, names: [...names] }),
    restore: (saved: JsonRecord): CounterState => ({
      total: saved['total'] as number,
      names: new Set(saved['names'] as string[]),
    }),
  },
};

function started(snapshots = new MemorySnapshotStore(), from = scripted()) {
  const { store, timers } = from;
  const runtime = new ActorRuntime(store, timers, {}, snapshots);
  const tell = (name: string, definition = SNAPPED) =>
    runtime.tell(definition, 'a', add(name), meta(name));
  const tellMany = async (first: number, last: number) => {
    for (let n = first; n <= last; n += 1) await tell(`${n}`);
    await timers.advance(0);
  };
  const nextLife = () => started(snapshots, { store, timers });
  return { store, timers, snapshots, tell, tellMany, nextLife };
}

/** From which revisions the stream was read. */
function readsOf(store: ScriptedStore): number[] {
  const reads: number[] = [];
  const { readStream } = store;
  store.readStream = (...asked) => {
    reads.push(asked[1]?.from ?? 0);
    return readStream.apply(store, asked);
  };
  return reads;
}

describe('a long stream', () => {
  it('is read on from its last snapshot, and nothing is forgotten', async () => {
    const { store, tellMany, nextLife } = started();
    await tellMany(1, 25);
    const reads = readsOf(store);
    const next = nextLife();
    expect(await next.tell('7')).toMatchObject({ ok: true, events: [] });
    expect(await next.tell('26')).toMatchObject({ state: { total: 26 }, revision: 25 });
    expect(reads).toEqual([19]);
  });

  it('leaves a snapshot after every so many events, also over several lives', async () => {
    const { tellMany, snapshots, nextLife } = started();
    const at = () => snapshots.load('counter-a')?.revision;
    await tellMany(1, 9);
    expect(at()).toBeUndefined();
    await tellMany(10, 15);
    expect(at()).toBe(9);
    const next = nextLife();
    await next.tellMany(16, 19);
    expect(at()).toBe(9);
    await next.tellMany(20, 20);
    expect(at()).toBe(19);
  });

  it('whose state grows leaves them more rarely when it says so', async () => {
    const every = ({ total }: CounterState) => Math.max(2, total / 2);
    const growing = { ...SNAPPED, snapshot: { ...SNAPPED.snapshot, every } };
    const { tell, timers, snapshots } = started();
    const revisions = new Set<number>();
    for (let n = 1; n <= 100; n += 1) {
      await tell(`${n}`, growing);
      await timers.advance(0);
      revisions.add(snapshots.load('counter-a')?.revision ?? -1);
    }
    expect([...revisions].at(-1)).toBeGreaterThan(50);
    expect(revisions.size).toBeLessThan(12);
  });

  it('has nothing in its snapshot that is not durable', async () => {
    const { store, tell, tellMany, timers, snapshots, nextLife } = started();
    await tellMany(1, 9);
    const { open, passed } = gate();
    const answer = tell('10');
    store.mishaps.push((write) => passed.then(write));
    await answer;
    const waiting = tell('not written yet');
    await timers.advance(0);
    expect(snapshots.load('counter-a')).toMatchObject({ revision: 9, state: { total: 10 } });
    open();
    await waiting;
    expect(await nextLife().tell('x')).toMatchObject({ state: { total: 12 } });
  });
});

describe('a snapshot', () => {
  const taken = async () => {
    const first = started();
    await first.tellMany(1, 12);
    const snapshot = first.snapshots.load('counter-a');
    if (!snapshot) throw new Error('none was taken');
    return { ...first, snapshot };
  };
  const wrong = { total: 1_000, names: [] };

  it.each([
    ['of another version', { version: 2, state: wrong }],
    ['of a longer stream than there is', { revision: 30, state: wrong }],
    ['of another stream’s history', { eventId: 'another', state: wrong }],
    ['that cannot be restored', { state: { total: 1_000, names: 7 } }],
  ])('%s is not used, and the stream tells it all', async (_, faults) => {
    const { snapshots, snapshot, nextLife } = await taken();
    snapshots.save('counter-a', { ...snapshot, ...faults });
    const next = nextLife();
    expect(await next.tell('13')).toMatchObject({ state: { total: 13 }, revision: 12 });
    await next.tellMany(14, 25);
    expect(snapshots.load('counter-a')).toMatchObject({ version: 1, state: { total: 23 } });
  });

  it('that cannot be read or written keeps nobody from working', async () => {
    class Broken extends MemorySnapshotStore {
      override load(): never {
        throw new Error('the disk is full');
      }

      override save(): never {
        throw new Error('the disk is full');
      }
    }
    const { tell, tellMany } = started(new Broken());
    await tellMany(1, 25);
    expect(await tell('26')).toMatchObject({ ok: true, state: { total: 26 } });
  });

  it('that was deleted is missed by nobody', async () => {
    const { store, timers } = await taken();
    const next = started(new MemorySnapshotStore(), { store, timers });
    expect(await next.tell('13')).toMatchObject({ state: { total: 13 }, revision: 12 });
  });
});

import { describe, expect, it } from 'vitest';
import { MemorySagaStore } from './memory/memory-saga.store.js';
import { eventsOf, life, world } from './saga.fixture.js';

describe('a checkpoint', () => {
  it('is below the lowest open delivery, and names those that are open above it', async () => {
    const here = world();
    const { acknowledge } = await life(here, { checkpointEveryMs: 100 });
    for (const stream of ['a', 'b', 'c', 'd']) await here.append(stream, 'One');
    const position = async (stream: string) => (await eventsOf(here, stream))[0]?.position ?? -1;
    await acknowledge('a/One', 'c/One');
    await here.timers.advance(100);
    const stored = here.sagaStore.loadCheckpoint();
    expect(stored.low).toBeGreaterThanOrEqual(await position('a'));
    expect(stored.low).toBeLessThan(await position('b'));
    expect(stored.open).toEqual([await position('b'), await position('d')]);
    await acknowledge('b/One');
    await here.timers.advance(100);
    expect(here.sagaStore.loadCheckpoint().open).toEqual([await position('d')]);
    expect(here.sagaStore.loadCheckpoint().low).toBeGreaterThanOrEqual(await position('c'));
  });

  it('is stored soon after an acknowledgement, not for each of them', async () => {
    const here = world();
    let saves = 0;
    const save = here.sagaStore.saveCheckpoint.bind(here.sagaStore);
    here.sagaStore.saveCheckpoint = (checkpoint) => {
      saves += 1;
      save(checkpoint);
    };
    const { acknowledge } = await life(here, { checkpointEveryMs: 100 });
    for (let n = 0; n < 20; n += 1) {
      await here.append(`s${n}`, 'One');
      await acknowledge(`s${n}/One`);
    }
    expect(saves).toBe(0);
    await here.timers.advance(100);
    expect(saves).toBe(1);
  });

  it('that cannot be stored stops nothing and is stored later', async () => {
    const here = world();
    const save = here.sagaStore.saveCheckpoint.bind(here.sagaStore);
    let left = 2;
    here.sagaStore.saveCheckpoint = (checkpoint) => {
      if (left-- > 0) throw new Error('the disk is full');
      save(checkpoint);
    };
    const { acknowledge, troubles } = await life(here);
    await here.append('a', 'One', 'Two');
    await acknowledge('a/One', 'a/Two');
    await here.timers.advance(1_000);
    expect(troubles).toHaveLength(2);
    expect(here.sagaStore.loadCheckpoint().low).toBe(here.store.log.head);
  });
});

describe('after a crash', () => {
  it('only what was open comes again, marked as a repeat, and what is new is not marked', async () => {
    const here = world();
    const first = await life(here, { checkpointEveryMs: 10 });
    await here.append('a', 'One', 'Two');
    await here.append('b', 'One');
    await here.append('c', 'One');
    await first.acknowledge('a/One', 'c/One');
    await here.timers.advance(10);
    const second = await life(here);
    expect(second.delivered).toEqual(['a/Two!', 'b/One!']);
    await here.append('d', 'One');
    expect(second.delivered.at(-1)).toBe('d/One');
  });

  it('with an old checkpoint more comes again, and nothing is left out', async () => {
    const here = world();
    const first = await life(here, { checkpointEveryMs: 1_000 });
    await here.append('a', 'One', 'Two');
    await first.acknowledge('a/One', 'a/Two');
    const second = await life(here);
    expect(second.delivered).toEqual(['a/One!']);
    await second.acknowledge('a/One');
    expect(second.delivered).toEqual(['a/One!', 'a/Two!']);
  });

  it('without anything remembered, everything comes again', async () => {
    const here = world();
    const first = await life(here);
    await here.append('a', 'One');
    await first.acknowledge('a/One');
    await first.runtime.stop();
    const second = await life({ ...here, sagaStore: new MemorySagaStore() });
    expect(second.delivered).toEqual(['a/One!']);
  });

  it('a parked delivery does not come again', async () => {
    const here = world();
    const first = await life(here, { triesMax: 1, checkpointEveryMs: 10 });
    await here.append('a', 'One');
    await first.refuse('a/One');
    await here.timers.advance(10);
    expect(first.parked).toHaveLength(1);
    expect((await life(here)).delivered).toEqual([]);
  });
});

describe('a stop', () => {
  it('stores the checkpoint, delivers nothing more and retries nothing', async () => {
    const here = world();
    const { runtime, delivered, open, refuse } = await life(here);
    await here.append('a', 'One', 'Two');
    await here.append('b', 'One', 'Two');
    await refuse('a/One');
    const b = open.get('b/One');
    await runtime.stop();
    b?.acknowledge();
    await here.append('c', 'One');
    await here.timers.advance(60_000);
    expect(delivered).toEqual(['a/One', 'b/One']);
  });

  it('ends although the runtime waits for room', async () => {
    const here = world();
    const { runtime } = await life(here, { openMax: 1 });
    await here.append('a', 'One');
    await here.append('b', 'One');
    await runtime.stop();
    expect(runtime.open).toBe(1);
  });
});

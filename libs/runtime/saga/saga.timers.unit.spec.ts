import { describe, expect, it } from 'vitest';
import { type World, eventsOf, life, world } from './saga.fixture.js';

/** A life in which the recorded event is handled; what is left is to wait for its time. */
async function waiting(here: World, dueInMs: number, stream = 'a') {
  const alive = await life(here, { checkpointEveryMs: 1 });
  await here.append(stream, 'Probe');
  const [event] = await eventsOf(here, stream);
  alive.runtime.schedule(event!, here.clock.now() + dueInMs);
  await alive.acknowledge(`${stream}/Probe`);
  alive.delivered.length = 0;
  return { ...alive, event: event! };
}

const stored = ({ sagaStore }: World) => sagaStore.timersDueBy(Infinity).length;

describe('a durable timer', () => {
  it('delivers its event again when its time has come, once, and is removed when that is done', async () => {
    const here = world();
    const { delivered, acknowledge } = await waiting(here, 1_000);
    await here.timers.advance(999);
    expect([delivered, stored(here)]).toEqual([[], 1]);
    await here.timers.advance(1);
    expect(delivered).toEqual(['a/Probe due!']);
    await here.timers.advance(10_000);
    expect([delivered.length, stored(here)]).toEqual([1, 1]);
    await acknowledge('a/Probe due');
    await here.timers.advance(10_000);
    expect([delivered.length, stored(here)]).toEqual([1, 0]);
  });

  it('set earlier than the one that is waited for fires first', async () => {
    const here = world();
    const { runtime, delivered, acknowledge } = await waiting(here, 1_000);
    await here.append('b', 'Probe');
    await acknowledge('b/Probe');
    const [event] = await eventsOf(here, 'b');
    runtime.schedule(event!, here.clock.now() + 100);
    delivered.length = 0;
    await here.timers.advance(100);
    expect(delivered).toEqual(['b/Probe due!']);
    await here.timers.advance(1_000);
    expect(delivered).toEqual(['b/Probe due!', 'a/Probe due!']);
  });

  it('set twice fires once', async () => {
    const here = world();
    const { runtime, event, delivered } = await waiting(here, 100);
    runtime.schedule(event, here.clock.now() + 50);
    await here.timers.advance(1_000);
    expect(delivered).toEqual(['a/Probe due!']);
  });

  it('for a time that has passed fires at once', async () => {
    const here = world();
    const { runtime, delivered, acknowledge } = await waiting(here, 60_000);
    await here.append('b', 'Probe');
    await acknowledge('b/Probe');
    delivered.length = 0;
    const [event] = await eventsOf(here, 'b');
    runtime.schedule(event!, here.clock.now() - 5_000);
    await here.timers.advance(0);
    expect(delivered).toEqual(['b/Probe due!']);
  });

  it('waits its turn behind what its stream is busy with', async () => {
    const here = world();
    const { delivered, acknowledge } = await waiting(here, 100);
    await here.append('a', 'Other');
    await here.timers.advance(200);
    expect(delivered).toEqual(['a/Other']);
    await acknowledge('a/Other');
    expect(delivered).toEqual(['a/Other', 'a/Probe due!']);
  });

  it('that is done only after its process was stopped fires again in the next life', async () => {
    const here = world();
    const { runtime, acknowledge } = await waiting(here, 100);
    await here.timers.advance(100);
    await runtime.stop();
    await acknowledge('a/Probe due');
    expect((await life(here)).delivered).toEqual(['a/Probe due!']);
  });

  it('that fails is tried again, and stays stored until it is done', async () => {
    const here = world();
    const { delivered, refuse, acknowledge } = await waiting(here, 100);
    await here.timers.advance(100);
    await refuse('a/Probe due');
    expect(stored(here)).toBe(1);
    await here.timers.advance(50);
    expect(delivered).toHaveLength(2);
    await acknowledge('a/Probe due');
    expect(stored(here)).toBe(0);
  });

  it('fires after a restart, too', async () => {
    const here = world();
    const first = await waiting(here, 1_000);
    await first.runtime.stop();
    const second = await life(here);
    await here.timers.advance(999);
    expect(second.delivered).toEqual([]);
    await here.timers.advance(1);
    expect(second.delivered).toEqual(['a/Probe due!']);
    expect(first.delivered).toEqual([]);
  });

  it('overdue at the start fires at once', async () => {
    const here = world();
    const first = await waiting(here, 1_000);
    await first.runtime.stop();
    await here.timers.advance(60_000);
    const second = await life(here);
    expect(second.delivered).toEqual(['a/Probe due!']);
  });

  it('that a crash caught between firing and being done fires again', async () => {
    const here = world();
    await waiting(here, 100);
    await here.timers.advance(100);
    const second = await life(here);
    expect(second.delivered).toEqual(['a/Probe due!']);
  });

  it('that cannot be removed is reported and comes again at the latest after a restart', async () => {
    const here = world();
    const { acknowledge, troubles } = await waiting(here, 100);
    await here.timers.advance(100);
    const remove = here.sagaStore.removeTimer;
    here.sagaStore.removeTimer = () => {
      throw new Error('the disk is full');
    };
    await acknowledge('a/Probe due');
    expect(troubles).toEqual(['a timer could not be removed']);
    here.sagaStore.removeTimer = remove;
    expect((await life(here)).delivered).toEqual(['a/Probe due!']);
  });

  it('fires later when the timers cannot be read at its time', async () => {
    const here = world();
    const { delivered, troubles } = await waiting(here, 100);
    const read = here.sagaStore.timersDueBy;
    here.sagaStore.timersDueBy = () => {
      throw new Error('the disk is gone');
    };
    await here.timers.advance(100);
    expect(troubles).toEqual(['the timers could not be read']);
    here.sagaStore.timersDueBy = read;
    await here.timers.advance(5_000);
    expect(delivered).toEqual(['a/Probe due!']);
  });
});

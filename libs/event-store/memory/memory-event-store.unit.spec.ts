import { expect, it } from 'vitest';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { newEvents, sequence, written } from '../events.contract.js';
import { MemoryEventStore } from './memory-event-store.js';

it('reads on only after positions that it gave out, as EventStoreDB does', async () => {
  const clock = new VirtualClock();
  const store = new MemoryEventStore({ clock, timers: new VirtualTimers(clock) });
  const next = sequence();
  const stream = await written(store, next, 2);
  const { lastPosition } = await store.append(stream, 1, newEvents(next, 1));
  for (const after of [lastPosition - 1, lastPosition + 1, lastPosition + 3]) {
    await expect(store.readAll({ after })).rejects.toBeInstanceOf(RangeError);
    expect(() => store.subscribe({ after, onEvents: () => {} })).toThrow(RangeError);
  }
  expect((await store.readAll({ after: lastPosition })).events).toEqual([]);
  expect((await store.readAll({ after: -1 })).events).toHaveLength(3);
  await store.close();
});

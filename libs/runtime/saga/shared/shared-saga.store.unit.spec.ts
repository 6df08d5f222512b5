import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryEventStore } from '#event-store/memory';
import { MemoryKeyValueStore, VirtualClock, VirtualTimers } from '#platform/memory';
import { START } from '../checkpoint.js';
import { describeSagaStore } from '../saga-store.contract.js';
import { SharedSagaStore } from './shared-saga.store.js';

const EVENT = {
  id: '00000000-0000-4000-8000-000000000001',
  type: 'ProbeScheduled',
  data: { number: 1 },
  metadata: { $correlationId: 'flow', $causationId: 'cause', schemaVersion: 1 },
};

let values: MemoryKeyValueStore;
let log: MemoryEventStore;
let timers: VirtualTimers;
let troubles: unknown[];

beforeEach(() => {
  const clock = new VirtualClock();
  timers = new VirtualTimers(clock);
  log = new MemoryEventStore({ clock, timers });
  values = new MemoryKeyValueStore();
  troubles = [];
});

const open = (name = 'share-1') =>
  SharedSagaStore.open(values, name, log, (error) => troubles.push(error));

/** Of a stream of its own. */
async function recorded(stream: string) {
  await log.append(`payment_intent-${stream}`, 'no_stream', [EVENT]);
  const [event] = await log.readStream(`payment_intent-${stream}`);
  if (!event) throw new Error('it was just appended');
  return { ...event };
}

describeSagaStore('shared', async () => ({ store: await open(), close: () => {} }));

describe('what the sagas of a share remember', () => {
  it('is there for whoever opens it next, once it was written', async () => {
    const [first, second] = [await recorded('a'), await recorded('b')];
    const store = await open();
    store.addTimer({ event: first, dueAtMs: 200 });
    store.addTimer({ event: { ...second, id: 'other' }, dueAtMs: 100 });
    store.removeTimer('other');
    store.saveCheckpoint({ low: first.position, scannedTo: second.position, open: [] });
    await store.close();
    const next = await open();
    expect(next.loadCheckpoint()).toEqual(store.loadCheckpoint());
    expect(next.timersDueBy(1_000)).toEqual([{ event: first, dueAtMs: 200 }]);
    expect((await open('share-2')).loadCheckpoint()).toEqual(START);
  });

  it('never has a checkpoint without the timers that it relies on, wherever the writing ends', async () => {
    const event = await recorded('a');
    for (let writes = 0; writes < 3; writes += 1) {
      values = new MemoryKeyValueStore();
      const store = await open();
      let left = writes;
      const { put } = values;
      values.put = async (...written) => {
        left -= 1;
        if (left < 0) throw new Error('it died');
        await put.apply(values, written);
      };
      store.addTimer({ event, dueAtMs: 100 });
      store.saveCheckpoint({ low: event.position, scannedTo: event.position, open: [] });
      await store.close();
      const next = await open();
      const covered = next.loadCheckpoint().low >= event.position;
      expect(next.timersDueBy(1_000)).toHaveLength(covered ? 1 : 0);
      expect(covered).toBe(writes === 2);
    }
  });

  it('is written with the next change when the store was away, and that is told', async () => {
    const event = await recorded('a');
    const store = await open();
    values.away = true;
    store.addTimer({ event, dueAtMs: 100 });
    store.saveCheckpoint({ low: 0, scannedTo: 0, open: [] });
    await store.close();
    expect(troubles).toHaveLength(1);
    values.away = false;
    store.saveCheckpoint({ low: 0, scannedTo: 0, open: [] });
    await store.close();
    const next = await open();
    expect(next.timersDueBy(1_000)).toHaveLength(1);
    expect(next.loadCheckpoint()).toEqual({ low: 0, scannedTo: 0, open: [] });
  });

  it.each([
    ['nothing', null],
    ['no JSON', '{"low":'],
    ['another form', '{"low":"0","scannedTo":1,"open":[]}'],
    ['a checkpoint of a longer log', '{"low":0,"scannedTo":999999,"open":[]}'],
  ])('begins before the first event where there is %s', async (_, text) => {
    await recorded('a');
    if (text !== null) await values.put('share-1.checkpoint', text);
    await values.put('share-1.timers', '[["payment_intent-a",0,100]]');
    const store = await open();
    expect(store.loadCheckpoint()).toEqual(START);
    expect(store.timersDueBy(1_000)).toEqual([]);
  });

  it('leaves out timers whose events the log does not have', async () => {
    const { position } = await recorded('a');
    const progress = { low: position, scannedTo: position, open: [] };
    await values.put('share-1.checkpoint', JSON.stringify(progress));
    await values.put('share-1.timers', '[["payment_intent-b",0,100],["payment_intent-a",0,100],7]');
    expect((await open()).timersDueBy(1_000)).toHaveLength(1);
  });

  it('cannot be opened while the store is away', async () => {
    values.away = true;
    await expect(open()).rejects.toThrow('away');
  });
});

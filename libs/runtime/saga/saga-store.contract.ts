import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '#event-store';
import { START } from './checkpoint.js';
import type { SagaStore } from './saga-store.port.js';

export function recordedEvent(id: string): RecordedEvent {
  return {
    id,
    type: 'ProbeScheduled',
    stream: 'payment_intent-a',
    revision: 3,
    position: 42,
    recordedAt: '2026-03-01T12:00:00.000Z',
    data: { number: 1, nested: { text: 'ünï' } },
    metadata: { $correlationId: 'flow', $causationId: 'cause', schemaVersion: 1 },
  };
}

interface Opened {
  store: SagaStore;
  close: () => void;
}

/** What every store of the sagas does. `open` gives an empty one, which is closed with `close`. */
export function describeSagaStore(name: string, open: () => Opened | Promise<Opened>): void {
  const using = (test: (store: SagaStore) => void) => async () => {
    const { store, close } = await open();
    try {
      test(store);
    } finally {
      close();
    }
  };

  describe(`the saga store ${name}`, () => {
    it(
      'begins before the first event, with no timers',
      using((store) => {
        expect(store.loadCheckpoint()).toEqual(START);
        expect(store.timersDueBy(Number.MAX_SAFE_INTEGER)).toEqual([]);
        expect(store.nextDueAfter(-1)).toBeNull();
      }),
    );

    it(
      'remembers the last checkpoint',
      using((store) => {
        store.saveCheckpoint({ low: 5, scannedTo: 9, open: [6, 8] });
        store.saveCheckpoint({ low: 7, scannedTo: 9, open: [8] });
        expect(store.loadCheckpoint()).toEqual({ low: 7, scannedTo: 9, open: [8] });
      }),
    );

    it(
      'gives timers back as they were, in order of their time, up to and including an instant',
      using((store) => {
        store.addTimer({ event: recordedEvent('late'), dueAtMs: 300 });
        store.addTimer({ event: recordedEvent('early'), dueAtMs: 100 });
        store.addTimer({ event: recordedEvent('middle'), dueAtMs: 200 });
        expect(store.timersDueBy(99)).toEqual([]);
        expect(store.timersDueBy(200)).toEqual([
          { event: recordedEvent('early'), dueAtMs: 100 },
          { event: recordedEvent('middle'), dueAtMs: 200 },
        ]);
        expect([store.nextDueAfter(-1), store.nextDueAfter(100), store.nextDueAfter(300)]).toEqual([
          100,
          200,
          null,
        ]);
      }),
    );

    it(
      'keeps one timer per event, the first one, until it is removed',
      using((store) => {
        store.addTimer({ event: recordedEvent('a'), dueAtMs: 100 });
        store.addTimer({ event: recordedEvent('a'), dueAtMs: 50 });
        expect(store.timersDueBy(1_000).map(({ dueAtMs }) => dueAtMs)).toEqual([100]);
        store.removeTimer('a');
        store.removeTimer('a');
        expect(store.timersDueBy(1_000)).toEqual([]);
      }),
    );
  });
}

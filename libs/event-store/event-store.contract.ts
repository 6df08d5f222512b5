import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeAppend, describeIdempotency } from './append.contract.js';
import { newEvents, newStream, sequence, type Sequence, until } from './events.contract.js';
import { type EventStore, StoreUnavailableError, StreamDeletedError } from './event-store.port.js';
import { describeEncoding, describeEndings, describeReads } from './stream.contract.js';
import { describeSubscriptions } from './subscription.contract.js';

/** Where a store keeps its log. Closing a store and opening the place again is a restart. */
export interface EventStorePlace {
  open(): Promise<EventStore>;
  remove(): Promise<void>;
}

/** What every event store promises. `make` gives an empty place. */
export function describeEventStore(name: string, make: () => Promise<EventStorePlace>): void {
  describe(`${name} event store`, () => {
    let place: EventStorePlace;
    let store: EventStore;
    let next: Sequence;

    beforeAll(async () => {
      next = sequence();
      place = await make();
      store = await place.open();
    });
    afterAll(async () => {
      await store.close();
      await place.remove();
    });

    describe('append', () =>
      describeAppend(
        () => store,
        () => next,
      ));
    describe('idempotency', () =>
      describeIdempotency(
        () => store,
        () => next,
      ));
    describe('reading a stream', () =>
      describeReads(
        () => store,
        () => next,
      ));
    describe('events', () =>
      describeEncoding(
        () => store,
        () => next,
      ));
    describe('ending a stream', () =>
      describeEndings(
        () => store,
        () => next,
      ));
    describe('restart', () => describeRestart(make));
    describe('the log', () => describeSubscriptions(make));
  });
}

function describeRestart(make: () => Promise<EventStorePlace>): void {
  it('finds everything again after a restart, and recognises repeats', async () => {
    const next = sequence();
    const place = await make();
    const stream = newStream(next);
    const tombstoned = newStream(next);
    const events = newEvents(next, 2);

    const before = await place.open();
    const appended = await before.append(stream, 'no_stream', events);
    await before.append(stream, 1, newEvents(next, 1));
    await before.append(tombstoned, 'no_stream', newEvents(next, 1));
    await before.tombstone(tombstoned);
    const logBefore = await before.readAll({ after: -1 });
    await before.close();

    const after = await place.open();
    expect(await after.readAll({ after: -1 })).toEqual(logBefore);
    expect(await after.append(stream, 'no_stream', events)).toEqual(appended);
    expect(await after.headPosition()).toBe(logBefore.scannedTo);
    await expect(after.readStream(tombstoned)).rejects.toBeInstanceOf(StreamDeletedError);
    const later = await after.append(stream, 2, newEvents(next, 1));
    expect(later.lastPosition).toBeGreaterThan(logBefore.scannedTo);
    await after.close();
    await place.remove();
  });

  it('finishes the appends in flight when it is closed, and refuses those after it', async () => {
    const next = sequence();
    const place = await make();
    const store = await place.open();
    const stream = newStream(next);
    const appending = store.append(stream, 'no_stream', newEvents(next, 1));
    await store.close();
    expect((await appending).lastRevision).toBe(0);
    const late = store.append(stream, 0, newEvents(next, 1));
    await expect(late).rejects.toMatchObject({ outcome: 'not_applied' });
    await expect(store.readStream(stream)).rejects.toBeInstanceOf(StoreUnavailableError);
    await place.remove();
  });

  it('closes within five seconds with subscriptions open', async () => {
    const next = sequence();
    const place = await make();
    const store = await place.open();
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      store.subscribe({ after: -1, onEvents: (events) => void seen.push(events.length) });
    }
    await store.append(newStream(next), 'no_stream', newEvents(next, 1));
    await until(() => seen.length === 3);
    await store.close();
    await place.remove();
  }, 5_000);
}

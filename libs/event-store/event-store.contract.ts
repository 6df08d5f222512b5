import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeAppend, describeIdempotency } from './append.contract.js';
import { newEvents, newStream, prefixOf, readOn, sequence, until } from './events.contract.js';
import { type EventStore, StoreUnavailableError, StreamDeletedError } from './event-store.port.js';
import { describeFailures, type StoreFaults } from './failure.contract.js';
import { describeEncoding, describeEndings, describeReads } from './stream.contract.js';
import { describeSubscriptions } from './subscription.contract.js';

/** Where a store keeps its log. Closing a store and opening the place again is a restart. */
export interface EventStorePlace {
  open(): Promise<EventStore>;
  remove(): Promise<void>;
}

export interface EventStoreUnderTest {
  name: string;
  /** A new place, or the one there is: others may have written to its log, and may go on. */
  make(): Promise<EventStorePlace>;
  /** Every place has an empty log of its own. */
  ownsLog: boolean;
  faults?: StoreFaults;
}

/**
 * What every event store promises. A title ends with the numbers of the cases it shows; what a store has no means to show is
 * skipped, and so reported as not applicable.
 */
export function describeEventStore(subject: EventStoreUnderTest): void {
  describe(`${subject.name} event store`, () => {
    const next = sequence();
    let place: EventStorePlace;
    let store: EventStore;

    beforeAll(async () => {
      place = await subject.make();
      store = await place.open();
    });
    afterAll(async () => {
      await store.close();
      await place.remove();
    });

    const given = [() => store, () => next] as const;
    describe('append', () => describeAppend(...given));
    describe('idempotency', () => describeIdempotency(...given));
    describe('reading a stream', () => describeReads(...given));
    describe('events', () => describeEncoding(...given));
    describe('ending a stream', () => describeEndings(...given));
    describe('restart', () => describeRestart(subject));
    describe('the log', () => describeSubscriptions(subject));
    describe('failures', () => describeFailures(subject));
  });
}

function describeRestart({ make }: EventStoreUnderTest): void {
  it('finds everything again after a restart, and recognises repeats [C21] [C34]', async () => {
    const next = sequence();
    const place = await make();
    const stream = newStream(next);
    const tombstoned = newStream(next);
    const events = newEvents(next, 2);
    const ours = { streamPrefixes: [prefixOf(next)] };

    const before = await place.open();
    const origin = await before.headPosition();
    const appended = await before.append(stream, 'no_stream', events);
    await before.append(stream, 1, newEvents(next, 1));
    await before.append(tombstoned, 'no_stream', newEvents(next, 1));
    await before.tombstone(tombstoned);
    const logBefore = await readOn(before, origin, ours);
    await before.close();

    const after = await place.open();
    expect(logBefore).toHaveLength(4);
    expect(await readOn(after, origin, ours)).toEqual(logBefore);
    expect(await after.append(stream, 'no_stream', events)).toEqual(appended);
    const reached = logBefore.at(-1)?.position;
    expect(await after.headPosition()).toBeGreaterThanOrEqual(reached ?? Infinity);
    await expect(after.readStream(tombstoned)).rejects.toBeInstanceOf(StreamDeletedError);
    const later = await after.append(stream, 2, newEvents(next, 1));
    expect(later.lastPosition).toBeGreaterThan(reached ?? Infinity);
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

  it('closes within five seconds with subscriptions open [C47]', async () => {
    const next = sequence();
    const place = await make();
    const store = await place.open();
    const after = await store.headPosition();
    const filter = { streamPrefixes: [prefixOf(next)] };
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      store.subscribe({ after, filter, onEvents: (events) => void seen.push(events.length) });
    }
    await store.append(newStream(next), 'no_stream', newEvents(next, 1));
    await until(() => seen.length === 3);
    const startedMs = performance.now();
    await store.close();
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    await place.remove();
  });
}

import { expect, it } from 'vitest';
import type { EventStorePlace, EventStoreUnderTest } from './event-store.contract.js';
import {
  type EventStore,
  type RecordedEvent,
  StoreUnavailableError,
  StreamNotFoundError,
} from './event-store.port.js';
import { newEvent, newEvents, newStream, prefixOf, sequence, until } from './events.contract.js';

/** Ends what it belongs to: the server is back, the disk has room. */
export type Mend = () => Promise<void>;

/** What can be done to the storage or the server of a store. What is missing here cannot be shown with it. */
export interface StoreFaults {
  /** Within what time every call is answered, one way or the other, by a store opened at `impatientPlace`. */
  deadlineMs?: number;
  impatientPlace?: () => Promise<EventStorePlace>;
  /** How subscriptions lose their server, by name. It is back when the promise resolves. */
  interruptions?: Readonly<Record<string, () => Promise<void>>>;
  takeServerAway?: () => Promise<Mend>;
  keepServerSilent?: () => Promise<Mend>;
  /** A place that leads to a node which sends its callers on to another. */
  placeThatDoesNotLead?: () => Promise<EventStorePlace>;
  /**
   * Appends of three events each to many streams (`appendGroups`) until something dies in the middle of them. Resolves
   * with what is left, and the last revision of each stream that was acknowledged.
   */
  dieUnderLoad?: () => Promise<{ place: EventStorePlace; acknowledged: Map<string, number> }>;
  /** Null where the machine does not allow it. */
  smallDisk?: () => Promise<{ place: EventStorePlace; fill: () => Promise<Mend> } | null>;
}

/** How a store behaves when what is below it does not. */
export function describeFailures({ make, faults = {} }: EventStoreUnderTest): void {
  const { deadlineMs = 0, interruptions, takeServerAway, keepServerSilent } = faults;
  const { impatientPlace = make, placeThatDoesNotLead, dieUnderLoad, smallDisk } = faults;

  it.skipIf(!interruptions).each(Object.keys(interruptions ?? { anything: null }))(
    'has a subscription go on by itself after %s, and says so [C44]',
    async (way) => {
      const next = sequence();
      const place = await make();
      const store = await place.open();
      const seen: string[] = [];
      let dropped = 0;
      store.subscribe({
        after: await store.headPosition(),
        filter: { streamPrefixes: [prefixOf(next)] },
        onEvents: (events) => void seen.push(...events.map(({ id }) => id)),
        onDropped: () => void dropped++,
      });
      const events = newEvents(next, 6);
      const stream = newStream(next);
      await store.append(stream, 'no_stream', events.slice(0, 3));
      await until(() => seen.length === 3);
      await interruptions?.[way]?.();
      await store.append(stream, 2, events.slice(3));
      await until(() => seen.length >= 6);
      expect(seen).toEqual(events.map(({ id }) => id));
      expect(dropped).toBeGreaterThan(0);
      await store.close();
      await place.remove();
    },
  );

  it.skipIf(!takeServerAway)(
    'fails in time while its server is away, knows whether it wrote, and works again later [C51]',
    () => expectTimelyFailure(takeServerAway!),
  );

  it.skipIf(!keepServerSilent)(
    'fails in time while its server never answers, and works again later [C53]',
    () => expectTimelyFailure(keepServerSilent!),
  );

  async function expectTimelyFailure(strike: () => Promise<Mend>): Promise<void> {
    const next = sequence();
    const place = await impatientPlace();
    const store = await place.open();
    const [stream, other] = [newStream(next), newStream(next)];
    await store.append(other, 'no_stream', newEvents(next, 1));
    const events = newEvents(next, 1);

    const mend = await strike();
    const startedMs = performance.now();
    const [append, ...reads] = await Promise.allSettled([
      store.append(stream, 'no_stream', events),
      store.readStream(other),
      store.readAll({ after: -1 }),
    ]).finally(mend);
    expect(performance.now() - startedMs).toBeLessThan(deadlineMs);
    for (const call of [append, ...reads]) {
      expect(call).toMatchObject({ reason: expect.any(StoreUnavailableError) });
    }
    if (append.status === 'rejected' && append.reason.outcome === 'not_applied') {
      await expect(store.readStream(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
    }
    expect((await store.append(stream, 'no_stream', events)).lastRevision).toBe(0);
    expect(await store.readStream(stream)).toHaveLength(1);
    await store.close();
    await place.remove();
  }

  it.skipIf(!placeThatDoesNotLead)(
    'finds the node that leads, and appends once [C52]',
    async () => {
      const next = sequence();
      const place = await placeThatDoesNotLead!();
      const store = await place.open();
      const stream = newStream(next);
      const appended = await store.append(stream, 'no_stream', newEvents(next, 2));
      expect(appended.lastRevision).toBe(1);
      expect(await store.readStream(stream)).toHaveLength(2);
      await store.close();
      await place.remove();
    },
  );

  it.skipIf(!dieUnderLoad)(
    'has every acknowledged append, and every append whole, after a death under load [C54]',
    async () => {
      const { place, acknowledged } = await dieUnderLoad!();
      const store = await place.open();
      expect(acknowledged.size).toBeGreaterThan(0);
      for (const [stream, lastRevision] of acknowledged) {
        await expectWholeGroups(store, stream, lastRevision);
      }
      await store.close();
      await place.remove();
    },
  );

  it('acknowledges nothing on a full disk, and goes on when there is room [C55]', async ({
    skip,
  }) => {
    const disk = await smallDisk?.();
    if (!disk) return skip(smallDisk ? 'only root may mount' : 'it has no disk');
    const next = sequence();
    const store = await disk.place.open();
    const stream = newStream(next);
    await store.append(stream, 'no_stream', newEvents(next, 1));
    const seen: string[] = [];
    store.subscribe({
      after: -1,
      onEvents: (events) => void seen.push(...events.map(({ id }) => id)),
    });

    const mend = await disk.fill();
    const large = [newEvent(next, { text: 'x'.repeat(300_000) })];
    for (let attempt = 0; attempt < 3; attempt++) {
      const append = store.append(stream, 0, large);
      await expect(append).rejects.toMatchObject({ outcome: 'not_applied' });
    }
    expect(await store.readStream(stream)).toHaveLength(1);

    await mend();
    expect((await store.append(stream, 0, large)).lastRevision).toBe(1);
    expect((await store.append(stream, 1, newEvents(next, 1))).lastRevision).toBe(2);
    const stored = (await store.readAll({ after: -1 })).events.map(({ id }) => id);
    await until(() => seen.length >= stored.length);
    expect(seen).toEqual(stored);
    await store.close();
    await disk.place.remove();
  });
}

/** Groups of three, numbered without a gap, none of them cut short or written twice. */
async function expectWholeGroups(
  store: EventStore,
  stream: string,
  acknowledged: number,
): Promise<void> {
  const events: RecordedEvent[] = [];
  for (let page: RecordedEvent[] = []; events.length === 0 || page.length === 500;) {
    page = await store.readStream(stream, { from: events.length });
    events.push(...page);
  }
  expect(events.length - 1).toBeGreaterThanOrEqual(acknowledged);
  expect(events.length % 3).toBe(0);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  for (const [index, { revision, data }] of events.entries()) {
    expect(revision).toBe(index);
    expect(data).toMatchObject({ group: Math.floor(index / 3), part: index % 3 });
  }
}

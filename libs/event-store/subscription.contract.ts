import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EventStorePlace, EventStoreUnderTest } from './event-store.contract.js';
import type {
  EventStore,
  LogFilter,
  LogSubscription,
  NewEvent,
  RecordedEvent,
} from './event-store.port.js';
import {
  newEvent,
  newEvents,
  newStream,
  prefixOf,
  readOn,
  sequence,
  type Sequence,
  until,
} from './events.contract.js';

/**
 * The part of the contract that concerns the whole log. Where others write to it too, a case looks only at its own streams, and
 * only from where the log ended when it began.
 */
export function describeSubscriptions({ make, ownsLog }: EventStoreUnderTest): void {
  let place: EventStorePlace;
  let store: EventStore;
  let next: Sequence;
  let origin: number;
  let ours: LogFilter;

  beforeEach(async () => {
    next = sequence();
    place = await make();
    store = await place.open();
    origin = await store.headPosition();
    ours = ownsLog ? {} : { streamPrefixes: [prefixOf(next)] };
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  /** Appends `count` events one by one to a new stream. */
  const write = async (count: number, stream = newStream(next)): Promise<string> => {
    for (let i = 0; i < count; i++) await store.append(stream, 'any', newEvents(next, 1));
    return stream;
  };
  const collect = (options: Partial<LogSubscription> = {}) => {
    const seen: RecordedEvent[] = [];
    const onEvents = (events: RecordedEvent[]): void => void seen.push(...events);
    const subscription = store.subscribe({ after: origin, filter: ours, onEvents, ...options });
    return { seen, subscription };
  };
  const everything = () => readOn(store, origin, ours);

  it.skipIf(!ownsLog)('is empty at first: no event, head -1', async () => {
    expect(await store.headPosition()).toBe(-1);
    expect(await store.readAll({ after: -1 })).toEqual({ events: [], scannedTo: -1 });
  });

  it('is read in the order of the commits, after a position, exclusive [C34]', async () => {
    const appended = [];
    for (let i = 0; i < 12; i++) {
      appended.push(await store.append(newStream(next), 'no_stream', newEvents(next, 1)));
    }
    const all = await everything();
    expect(positionsOf(all)).toEqual(appended.map(({ lastPosition }) => lastPosition));
    const position = JSON.parse(JSON.stringify(all[4]?.position)) as number;
    expect(await readOn(store, position, ours)).toEqual(all.slice(5));
    const page = await store.readAll({ after: position, limit: 3, filter: ours });
    expect(page.events).toEqual(all.slice(5, 8));
    expect(page.scannedTo).toBe(page.events.at(-1)?.position);
    expect(await store.headPosition()).toBeGreaterThanOrEqual(all.at(-1)?.position ?? Infinity);
  });

  it('has positions that compare as numbers, each of them once [C35]', async () => {
    const streams = Array.from({ length: 8 }, () => newStream(next));
    await Promise.all(
      streams.map((stream) => store.append(stream, 'no_stream', newEvents(next, 5))),
    );
    const positions = positionsOf(await everything());
    expect(positions).toHaveLength(40);
    expect(positions.every(Number.isSafeInteger)).toBe(true);
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
    for (const stream of streams) {
      const own = positionsOf(await store.readStream(stream));
      expect(own).toEqual(positions.filter((position) => own.includes(position)));
    }
  });

  it('gives filtered pages that together are complete [C39]', async () => {
    const streams = Array.from({ length: 30 }, (_, i) => `${prefixOf(next, 'mandate')}${i}`);
    for (const stream of streams) await store.append(stream, 'no_stream', mixed(next));
    const prefixes = ['1', '2'].map((digit) => `${prefixOf(next, 'mandate')}${digit}`);
    const filter = { streamPrefixes: prefixes, types: ['Wanted'] };
    const seen: string[] = [];
    for (let after = origin; ;) {
      const page = await store.readAll({ after, limit: 4, filter });
      expect(page.events.length).toBeLessThanOrEqual(4);
      seen.push(...page.events.map(({ stream, type }) => `${stream} ${type}`));
      if (page.scannedTo === after) break;
      after = page.scannedTo;
    }
    const wanted = streams.filter((stream) => prefixes.some((each) => stream.startsWith(each)));
    expect(seen).toEqual(wanted.map((stream) => `${stream} Wanted`));
  });

  it('is delivered from the start: what exists, caught up once, then what comes [C36]', async () => {
    await write(5);
    const order: string[] = [];
    collect({
      onEvents: (events) => void order.push(...events.map(() => 'event')),
      onCaughtUp: () => void order.push('caught up'),
    });
    await until(() => order.includes('caught up'));
    await write(3);
    await until(() => order.length === 9);
    expect(order).toEqual([
      ...Array<string>(5).fill('event'),
      'caught up',
      'event',
      'event',
      'event',
    ]);
  });

  it('has no gap and no repeat where catching up ends, while four writers run [C36]', async () => {
    await store.append(newStream(next), 'no_stream', newEvents(next, 500));
    let running = true;
    const writers = Array.from({ length: 4 }, async () => {
      const stream = newStream(next);
      while (running) {
        await store.append(stream, 'any', newEvents(next, 1));
        await nextTurn();
      }
    });
    const subscriptions: ReturnType<typeof collect>[] = [];
    for (let i = 0; i < 5; i++) {
      let caughtUp = false;
      subscriptions.push(collect({ onCaughtUp: () => void (caughtUp = true) }));
      await until(() => caughtUp);
    }
    running = false;
    await Promise.all(writers);

    const log = await everything();
    await until(() => subscriptions.every(({ seen }) => seen.length >= log.length));
    for (const { seen } of subscriptions) expect(seen).toEqual(log);
  });

  it('is delivered after a position from the next event on [C37]', async () => {
    await write(5);
    const log = await everything();
    const { seen } = collect({ after: log[2]!.position });
    await until(() => seen.length === 2);
    expect(seen).toEqual(log.slice(3));
  });

  it('is delivered from its end: only what comes from then on [C38]', async () => {
    await write(3);
    let caughtUp = false;
    const { seen } = collect({ after: 'end', onCaughtUp: () => void (caughtUp = true) });
    await until(() => caughtUp);
    const stream = await write(2);
    await until(() => seen.length === 2);
    expect(seen.map((event) => event.stream)).toEqual([stream, stream]);
  });

  it.each<[string, LogFilter, number[]]>([
    ['stream and type', { streamPrefixes: ['mandate'], types: ['Wanted'] }, [1, 3]],
    ['stream', { streamPrefixes: ['mandate', 'tenant'] }, [0, 1, 2, 3, 6, 7]],
    ['type, and not by what a type begins with', { types: ['Wanted'] }, [1, 3, 5, 7]],
  ])('is delivered filtered by %s [C39]', async (_, { streamPrefixes, types }, expected) => {
    const written: [stream: string, type: string][] = [];
    for (const category of ['mandate', 'mandate', 'agent', 'tenant']) {
      const stream = newStream(next, category);
      // Others may write events of the same type, so the types are of this run, too.
      const events = [`Wanted${next.run}Too`, `Wanted${next.run}`].map((type) => ({
        ...newEvent(next),
        type,
      }));
      await store.append(stream, 'no_stream', events);
      written.push(...events.map(({ type }): [string, string] => [stream, type]));
    }
    const { seen } = collect({
      filter: {
        streamPrefixes: streamPrefixes?.map((category) => prefixOf(next, category)),
        types: types?.map((type) => `${type}${next.run}`),
      },
    });
    await until(() => seen.length >= expected.length);
    const found = seen.map(({ stream, type }) => [stream, type]);
    expect(found).toEqual(expected.map((index) => written[index]));
  });

  it('is delivered without a filter as a whole, but for what a server writes for itself [C39]', async () => {
    const { seen } = collect({ filter: undefined });
    const stream = await write(12);
    await until(() => seen.filter((event) => event.stream === stream).length === 12);
    expect(seen.filter((event) => event.stream.startsWith('$'))).toEqual([]);
    expect(positionsOf(seen)).toEqual(positionsOf(seen).toSorted((a, b) => a - b));
  });

  it('lets a checkpoint advance over ten thousand events that do not match [C40]', async () => {
    for (let i = 0; i < 20; i++) await store.append(newStream(next), 'any', newEvents(next, 500));
    const head = await store.headPosition();
    let scanned = -1;
    let caughtUp = false;
    const { seen } = collect({
      filter: { streamPrefixes: [prefixOf(next, 'mandate')] },
      onScanned: (position) => {
        expect(position).toBeGreaterThan(scanned);
        scanned = position;
      },
      onCaughtUp: () => void (caughtUp = true),
    });
    await until(() => caughtUp);
    expect(scanned).toBeGreaterThanOrEqual(head);
    await write(1);
    const later = await store.headPosition();
    await until(() => scanned >= later);
    expect(seen).toEqual([]);
    // Where it came to is a place to go on from.
    await store.append(newStream(next, 'mandate'), 'any', newEvents(next, 1));
    const { seen: rest } = collect({
      after: scanned,
      filter: { streamPrefixes: [prefixOf(next, 'mandate')] },
    });
    await until(() => rest.length === 1 && seen.length === 1);
    expect(rest).toEqual(seen);
  });

  it('waits for a slow handler, in bounded steps, and loses nothing [C41]', async () => {
    const release: (() => void)[] = [];
    const seen: RecordedEvent[] = [];
    let inFlight = 0;
    collect({
      onEvents: async (events) => {
        expect(++inFlight).toBe(1);
        expect(events.length).toBeLessThanOrEqual(500);
        await new Promise<void>((resolve) => release.push(resolve));
        seen.push(...events);
        inFlight--;
      },
    });
    await write(1);
    await until(() => release.length === 1);
    for (let i = 0; i < 12; i++) await store.append(newStream(next), 'any', newEvents(next, 500));
    expect(seen).toEqual([]);
    await until(() => {
      release.shift()?.();
      return seen.length === 6_001;
    });
    expect(seen).toEqual(await everything());
  });

  it('offers the same events again when a handler fails, and says so [C42]', async () => {
    await write(3);
    const offered: number[][] = [];
    const handled: number[] = [];
    const reasons: unknown[] = [];
    const failure = new Error('not today');
    collect({
      onEvents: async (events) => {
        offered.push(positionsOf(events));
        if (offered.length < 3) throw failure;
        handled.push(...positionsOf(events));
      },
      onDropped: (reason) => void reasons.push(reason),
    });
    await until(() => handled.length === 3);
    await write(1);
    await until(() => handled.length === 4);
    expect(offered[1]).toEqual(offered[0]);
    expect(offered[2]).toEqual(offered[0]);
    expect(reasons).toEqual([failure, failure]);
    expect(handled).toEqual(positionsOf(await everything()));
  });

  it('delivers again what was handled but not checkpointed, and skips nothing [C43]', async () => {
    await write(6);
    const handled: number[] = [];
    const { subscription: dies } = collect({
      onEvents: (events) => void handled.push(...positionsOf(events)),
    });
    await until(() => handled.length === 6);
    await dies.stop();
    const { seen } = collect({ after: handled[2] });
    await until(() => seen.length === 3);
    expect(positionsOf(seen)).toEqual(handled.slice(3));
  });

  it('serves two subscriptions independently [C45]', async () => {
    let release = (): void => {};
    const slow: number[] = [];
    collect({
      onEvents: async (events) => {
        await new Promise<void>((resolve) => (release = resolve));
        slow.push(...positionsOf(events));
      },
    });
    const { seen } = collect();
    await write(4);
    await until(() => seen.length === 4);
    expect(slow).toEqual([]);
    await until(() => {
      release();
      return slow.length === 4;
    });
    expect(slow).toEqual(positionsOf(seen));
  });

  it('stops after the handler in flight, and delivers nothing afterwards [C46]', async () => {
    let release = (): void => {};
    const order: string[] = [];
    const { subscription } = collect({
      onEvents: async () => {
        order.push('handling');
        await new Promise<void>((resolve) => (release = resolve));
        order.push('handled');
      },
    });
    await write(1);
    await until(() => order.length === 1);
    const stopping = subscription.stop().then(() => order.push('stopped'));
    await write(2);
    release();
    await stopping;
    await write(1);
    expect(order).toEqual(['handling', 'handled', 'stopped']);
  });

  it('stops at once while a failed handler waits for its next chance [C46]', async () => {
    let failures = 0;
    const { subscription } = collect({
      onEvents: () => Promise.reject(new Error('never')),
      onDropped: () => void failures++,
    });
    await write(1);
    await until(() => failures > 0);
    await subscription.stop();
    const before = failures;
    await write(1);
    expect(failures).toBe(before);
  });
}

/** A store that answers in microtasks would leave nobody else a turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function mixed(next: Sequence): NewEvent[] {
  return ['Other', 'Wanted'].map((type) => ({ ...newEvent(next), type }));
}

function positionsOf(events: readonly RecordedEvent[]): number[] {
  return events.map(({ position }) => position);
}

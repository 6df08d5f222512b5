import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EventStorePlace } from './event-store.contract.js';
import type { EventStore, LogSubscription, NewEvent, RecordedEvent } from './event-store.port.js';
import {
  newEvent,
  newEvents,
  newStream,
  sequence,
  type Sequence,
  until,
} from './events.contract.js';

/** The part of the contract that concerns the whole log; each case has a log of its own. */
export function describeSubscriptions(make: () => Promise<EventStorePlace>): void {
  let place: EventStorePlace;
  let store: EventStore;
  let next: Sequence;

  beforeEach(async () => {
    next = sequence();
    place = await make();
    store = await place.open();
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
    const subscription = store.subscribe({ after: -1, onEvents, ...options });
    return { seen, subscription };
  };

  it('is empty at first: no event, head -1', async () => {
    expect(await store.headPosition()).toBe(-1);
    expect(await store.readAll({ after: -1 })).toEqual({ events: [], scannedTo: -1 });
  });

  it('is read in the order of the commits, after a position, exclusive', async () => {
    const appended = [];
    for (let i = 0; i < 12; i++) {
      appended.push(await store.append(newStream(next), 'no_stream', newEvents(next, 1)));
    }
    const all = await store.readAll({ after: -1 });
    expect(positionsOf(all.events)).toEqual(appended.map(({ lastPosition }) => lastPosition));
    const position = JSON.parse(JSON.stringify(all.events[4]?.position)) as number;
    const rest = await store.readAll({ after: position, limit: 3 });
    expect(rest.events).toEqual(all.events.slice(5, 8));
    expect(rest.scannedTo).toBe(rest.events.at(-1)?.position);
    expect(await store.headPosition()).toBe(all.scannedTo);
  });

  it('gives filtered pages that together are complete', async () => {
    for (let i = 0; i < 30; i++) await store.append(`mandate-${i}`, 'no_stream', mixed(next));
    const filter = { streamPrefixes: ['mandate-1', 'mandate-2'], types: ['Wanted'] };
    const seen: string[] = [];
    for (let after = -1; ;) {
      const page = await store.readAll({ after, limit: 4, filter });
      expect(page.events.length).toBeLessThanOrEqual(4);
      seen.push(...page.events.map(({ stream, type }) => `${stream} ${type}`));
      if (page.scannedTo === after) break;
      after = page.scannedTo;
    }
    const streams = Array.from({ length: 30 }, (_, i) => `mandate-${i}`);
    expect(seen).toEqual(streams.filter((s) => /-[12]/.test(s)).map((s) => `${s} Wanted`));
  });

  it('is delivered from the start: what exists, caught up once, then what comes', async () => {
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

  it('has no gap and no repeat where catching up ends, while four writers run', async () => {
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
    const reached = await store.headPosition();
    await until(() => subscriptions.every(({ seen }) => (seen.at(-1)?.position ?? -1) >= reached));
    running = false;
    await Promise.all(writers);

    const log = await everything(store);
    await until(() => subscriptions.every(({ seen }) => seen.length >= log.length));
    for (const { seen } of subscriptions) expect(seen).toEqual(log);
  });

  it('is delivered after a position from the next event on', async () => {
    await write(5);
    const log = await everything(store);
    const { seen } = collect({ after: log[2]!.position });
    await until(() => seen.length === 2);
    expect(seen).toEqual(log.slice(3));
  });

  it('is delivered from its end: only what comes from then on', async () => {
    await write(3);
    const { seen } = collect({ after: 'end' });
    const stream = await write(2);
    await until(() => seen.length === 2);
    expect(seen.map((event) => event.stream)).toEqual([stream, stream]);
  });

  it('is delivered filtered by stream and by type', async () => {
    const { seen } = collect({ filter: { streamPrefixes: ['mandate-'], types: ['Wanted'] } });
    for (const stream of ['mandate-1', 'agent-1', 'mandate-2']) {
      await store.append(stream, 'no_stream', mixed(next));
    }
    await until(() => seen.length === 2);
    expect(seen.map(({ stream, type }) => [stream, type])).toEqual([
      ['mandate-1', 'Wanted'],
      ['mandate-2', 'Wanted'],
    ]);
  });

  it('lets a checkpoint advance over ten thousand events that do not match', async () => {
    for (let i = 0; i < 20; i++) await store.append(newStream(next), 'any', newEvents(next, 500));
    let scanned = -1;
    let caughtUp = false;
    const { seen } = collect({
      filter: { streamPrefixes: ['mandate-'] },
      onScanned: (position) => {
        expect(position).toBeGreaterThan(scanned);
        scanned = position;
      },
      onCaughtUp: () => void (caughtUp = true),
    });
    await until(() => caughtUp);
    expect(scanned).toBe(await store.headPosition());
    await write(1);
    const head = await store.headPosition();
    await until(() => scanned === head);
    expect(seen).toEqual([]);
  });

  it('waits for a slow handler, in bounded steps, and loses nothing', async () => {
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
    expect(seen).toEqual(await everything(store));
  });

  it('offers the same events again when a handler fails, and says so', async () => {
    await write(3);
    const offered: number[][] = [];
    const reasons: unknown[] = [];
    const failure = new Error('not today');
    collect({
      onEvents: async (events) => {
        offered.push(positionsOf(events));
        if (offered.length < 3) throw failure;
      },
      onDropped: (reason) => void reasons.push(reason),
    });
    await until(() => offered.length === 3);
    expect(offered[1]).toEqual(offered[0]);
    expect(offered[2]).toEqual(offered[0]);
    expect(reasons).toEqual([failure, failure]);
    await write(1);
    await until(() => offered.length === 4);
    expect(offered[3]).toEqual([await store.headPosition()]);
  });

  it('delivers again what was handled but not checkpointed, and skips nothing', async () => {
    await write(6);
    let checkpoint = -1;
    const handled: number[] = [];
    const dies = store.subscribe({
      after: checkpoint,
      onEvents: (events) => void handled.push(...positionsOf(events)),
    });
    await until(() => handled.length === 6);
    await dies.stop();
    checkpoint = handled[2]!;
    const { seen } = collect({ after: checkpoint });
    await until(() => seen.length === 3);
    expect(positionsOf(seen)).toEqual(handled.slice(3));
  });

  it('serves two subscriptions independently', async () => {
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

  it('stops after the handler in flight, and delivers nothing afterwards', async () => {
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

  it('stops at once while a failed handler waits for its next chance', async () => {
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

async function everything(store: EventStore): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for (let after = -1; ;) {
    const page = await store.readAll({ after });
    if (page.scannedTo === after) return all;
    all.push(...page.events);
    after = page.scannedTo;
  }
}

import { binaryEvent, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import {
  type EventStoreServerProcess,
  startEventStoreServer,
} from '../../../test/support/eventstore-server/eventstore-server.process.js';
import type { CallFault, Rpc } from '../../../test/support/eventstore-server/fault.switches.js';
import {
  ConcurrencyError,
  InvalidEventError,
  type JsonObject,
  type LogSubscription,
  StoreUnavailableError,
  StreamDeletedError,
  StreamNotFoundError,
} from '../event-store.port.js';
import {
  newEvent,
  newEvents,
  newStream,
  prefixOf,
  sequence,
  type Sequence,
  until,
} from '../events.contract.js';
import { LogDamagedError } from '../log-damaged.error.js';
import { answerWithin } from './call.deadline.js';
import { CallError } from './call.error.js';
import {
  EventStoreDbEventStore,
  type EventStoreDbEventStoreOptions,
} from './eventstoredb-event-store.js';

/** Short, so that failures do not keep the tests for long. */
const LIMITS = { attemptMs: 400, totalMs: 2_000, silenceMs: 100 };
/** Where a connection must be seen to fail, however busy the machine is. */
const TO_CONNECT = { attemptMs: 2_000, totalMs: 2_500 };
/** For appends that are large, on machines that are slow. */
const PATIENT = { attemptMs: 5_000, totalMs: 20_000 };
const CREDENTIALS = { username: 'nobody', password: 'nothing' };

describe('the store in EventStoreDB', () => {
  let server: EventStoreServerProcess;
  let stores: EventStoreDbEventStore[];
  let next: Sequence;

  beforeAll(async () => {
    server = await startEventStoreServer();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    stores = [];
    next = sequence();
  });
  afterEach(async () => {
    await server.heal();
    await Promise.all(stores.map((store) => store.close()));
  });

  const open = (options: Partial<EventStoreDbEventStoreOptions> = {}): EventStoreDbEventStore => {
    const ports = {
      clock: new SystemClock(),
      timers: new SystemTimers(),
      random: new SystemRandom(),
    };
    const store = new EventStoreDbEventStore({
      url: server.url,
      ...ports,
      ...options,
      limits: { ...LIMITS, ...options.limits },
    });
    stores.push(store);
    return store;
  };
  /** How many calls of a kind began since. */
  const counting = async () => {
    const before = await server.counts();
    return async (rpc: Rpc): Promise<number> =>
      (await server.counts()).seen[rpc] - before.seen[rpc];
  };

  describe('appends once', () => {
    it.each<[string, Omit<CallFault, 'rpc'>]>([
      ['that is committed and never answered', { commit: true, then: 'silence' }],
      ['whose connection is cut after the commit', { commit: true, then: 'cut' }],
      ['whose connection is cut before the commit', { then: 'cut' }],
      ['that the server commits and calls timed out', { commit: true, then: 'timeout' }],
      ['whose call ends well without an answer', { commit: true, then: 'end' }],
      ['that a server which is not ready refuses', { then: 'not_ready' }],
      ['that is answered too late', { commit: true, then: 'answer', delayMs: 500 }],
    ])('an append %s', async (_, fault) => {
      const store = open();
      const stream = newStream(next);
      const events = newEvents(next, 2);
      await server.fail({ rpc: 'append', ...fault, times: 1 });
      const appended = await store.append(stream, 'no_stream', events);
      const stored = await store.readStream(stream);
      expect(stored.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
      expect(appended).toEqual({ lastRevision: 1, lastPosition: stored[1]?.position });
    });

    it('what the wrong node refuses, at the node that it names', async () => {
      const store = open();
      const stream = newStream(next);
      await server.fail({ rpc: 'append', then: 'not_leader', times: 1 });
      expect((await store.append(stream, 'no_stream', newEvents(next, 1))).lastRevision).toBe(0);
      expect(await store.readStream(stream)).toHaveLength(1);
    });

    it('what begins a softly deleted stream anew, where the server takes the repeat for another', async () => {
      const store = open();
      const stream = newStream(next);
      await store.append(stream, 'no_stream', newEvents(next, 2));
      await store.softDelete(stream);
      const events = newEvents(next, 2);
      await server.fail({ rpc: 'append', commit: true, then: 'silence', times: 1 });
      const appended = await store.append(stream, 'no_stream', events);
      expect(appended.lastRevision).toBe(3);
      const stored = await store.readStream(stream);
      expect(stored.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    });

    it('what was committed and is followed by another append meanwhile', async () => {
      const [store, other] = [open(), open()];
      const stream = newStream(next);
      const events = newEvents(next, 1);
      const began = await counting();
      await server.fail({ rpc: 'append', commit: true, then: 'silence', times: 1 });
      const appending = store.append(stream, 'no_stream', events);
      await expect.poll(() => began('append')).toBe(1);
      await other.append(stream, 0, newEvents(next, 1));
      expect((await appending).lastRevision).toBe(0);
    });

    it.each(['any', 'exists'] as const)(
      'with the expectation "%s", by looking instead of sending again',
      async (expected) => {
        const store = open();
        const stream = newStream(next);
        await store.append(stream, 'no_stream', newEvents(next, 3));
        const events = newEvents(next, 2);
        const began = await counting();
        await server.fail({ rpc: 'append', commit: true, then: 'silence', times: 1 });
        const appended = await store.append(stream, expected, events);
        expect(appended.lastRevision).toBe(4);
        expect(await began('append')).toBe(1);
      },
    );
  });

  describe('says of an append', () => {
    it('that it lost against another one, also after a doubtful try', async () => {
      const [store, other] = [open(), open()];
      const stream = newStream(next);
      const began = await counting();
      await server.fail({ rpc: 'append', then: 'silence', times: 1 });
      const losing = store.append(stream, 'no_stream', newEvents(next, 1));
      const lost = expect(losing).rejects.toMatchObject({ expected: 'no_stream', actual: 0 });
      await expect.poll(() => began('append')).toBe(1);
      await other.append(stream, 'no_stream', newEvents(next, 1));
      await lost;
      await expect(losing).rejects.toBeInstanceOf(ConcurrencyError);
      expect(await store.readStream(stream)).toHaveLength(1);
    });

    it('"unknown" when nobody answers, in time, and lets go of its calls', async () => {
      const store = open();
      await server.fail({ rpc: 'append', then: 'silence' });
      const startedMs = performance.now();
      const append = store.append(newStream(next), 'any', newEvents(next, 1));
      await expect(append).rejects.toMatchObject({ outcome: 'unknown' });
      expect(performance.now() - startedMs).toBeLessThan(LIMITS.totalMs + 200);
      await expect.poll(async () => (await server.counts()).open.append).toBe(0);
      await server.heal();
      await store.append(newStream(next), 'no_stream', newEvents(next, 1));
    });

    it('"unknown" when the network freezes, and goes on when it thaws', async () => {
      const store = open();
      await store.headPosition();
      await server.network('frozen');
      const append = store.append(newStream(next), 'no_stream', newEvents(next, 1));
      await expect(append).rejects.toMatchObject({ outcome: 'unknown' });
      await server.heal();
      await store.append(newStream(next), 'no_stream', newEvents(next, 1));
    });

    it('"not applied" when no server was ever reached', async () => {
      await server.network('down');
      const store = open({ limits: TO_CONNECT });
      const append = store.append(newStream(next), 'no_stream', newEvents(next, 1));
      await expect(append).rejects.toMatchObject({ outcome: 'not_applied' });
    });

    it('what the stream has, where the connection string turns conflicts into answers', async () => {
      const store = open({ url: `${server.url}&throwOnAppendFailure=false` });
      const stream = newStream(next);
      await store.append(stream, 'no_stream', newEvents(next, 3));
      const append = store.append(stream, 0, newEvents(next, 1));
      await expect(append).rejects.toMatchObject({ name: 'ConcurrencyError', actual: 2 });
      const missing = store.append(newStream(next), 4, newEvents(next, 1));
      await expect(missing).rejects.toMatchObject({ actual: 'no_stream' });
    });

    it('how much it made durable', async () => {
      const commits: unknown[] = [];
      const store = open({ onCommit: (commit) => void commits.push(commit) });
      const stream = newStream(next);
      await store.append(stream, 'no_stream', newEvents(next, 2));
      await store.append(stream, 'no_stream', newEvents(next, 1)).catch(() => {});
      expect(commits).toEqual([{ appends: 1, events: 2, size: expect.any(Number) }]);
    });
  });

  describe('keeps clear of what the client does wrong:', () => {
    it('sends nothing over the stream that all appends of a process would share', async () => {
      for (const then of ['end', 'silence', 'twice', 'not_ready', 'cut'] as const) {
        await server.fail({ rpc: 'batch_append', then });
        const store = open();
        const began = await counting();
        await store.append(newStream(next), 'no_stream', newEvents(next, 1));
        const counts = [
          await began('append'),
          await began('batch_append'),
          await began('features'),
        ];
        expect(counts).toEqual([1, 0, 0]);
      }
    });

    it('one store fails, and the others of the process do not', async () => {
      const store = open();
      const other = open({ url: 'esdb://127.0.0.1:1?tls=false', limits: TO_CONNECT });
      const failing = other.append(newStream(next), 'no_stream', newEvents(next, 1));
      const failed = expect(failing).rejects.toMatchObject({ outcome: 'not_applied' });
      for (let i = 0; i < 20; i++) {
        await store.append(newStream(next), 'no_stream', newEvents(next, 1));
      }
      await failed;
    });

    it('what cannot be written as JSON never reaches it', async () => {
      const store = open();
      const began = await counting();
      const cycle: Record<string, unknown> = {};
      cycle.self = cycle;
      for (const value of [1n, cycle, { toJSON: () => 1n }]) {
        const data = { value } as JsonObject;
        const append = store.append(newStream(next), 'no_stream', [newEvent(next, data)]);
        await expect(append).rejects.toBeInstanceOf(InvalidEventError);
      }
      expect(await began('append')).toBe(0);
    });

    it('a subscriber that throws at a checkpoint is told again, and the process lives', async () => {
      const store = open({ limits: PATIENT });
      const reasons: unknown[] = [];
      const scanned: number[] = [];
      const failure = new Error('not today');
      store.subscribe({
        after: await store.headPosition(),
        filter: { streamPrefixes: [prefixOf(next, 'mandate')] },
        onEvents: () => {},
        onScanned: (position) => {
          if (reasons.length < 2) throw failure;
          scanned.push(position);
        },
        onDropped: (reason) => void reasons.push(reason),
      });
      for (let i = 0; i < 3; i++) {
        await store.append(newStream(next), 'no_stream', newEvents(next, 400));
      }
      await until(() => scanned.length > 0);
      expect(reasons).toEqual([failure, failure]);
    });

    it('two hundred reads that stop early leave no call open', async () => {
      const store = open({ limits: PATIENT });
      const stream = newStream(next);
      await store.append(stream, 'no_stream', newEvents(next, 500));
      for (let i = 0; i < 200; i++) await store.readStream(stream, { limit: 1 });
      expect((await server.counts()).open.read).toBe(0);
      expect(await store.readStream(stream)).toHaveLength(500);
    });

    it('reads that nobody answers are cancelled, more of them than a connection has room for', async () => {
      const store = open({ limits: { totalMs: 250 } });
      const stream = newStream(next);
      await store.append(stream, 'no_stream', newEvents(next, 1));
      await server.fail({ rpc: 'read', then: 'silence' });
      for (let round = 0; round < 2; round++) {
        const reads = Array.from({ length: 80 }, () => store.readStream(stream));
        for (const read of await Promise.allSettled(reads)) {
          expect(read).toMatchObject({ reason: expect.any(StoreUnavailableError) });
        }
      }
      await server.heal();
      expect(await store.readStream(stream)).toHaveLength(1);
      await expect.poll(async () => (await server.counts()).open.read).toBe(0);
    });

    it('a search for the cluster that fails while another call is failing is nobody’s end', async () => {
      const hosts = `${/\/\/([^?]+)/.exec(server.url)?.[1]},127.0.0.1:1`;
      const options = 'tls=false&maxDiscoverAttempts=1&gossipTimeout=1';
      const store = open({ url: `esdb://${hosts}?${options}`, limits: PATIENT });
      const streams = [newStream(next), newStream(next)];
      const append = (stream: string) => store.append(stream, 'no_stream', newEvents(next, 1));
      const began = await counting();
      await server.fail(
        { rpc: 'append', then: 'not_ready', delayMs: 500, times: 1 },
        { rpc: 'append', then: 'not_ready', times: 1 },
      );
      const failsLater = append(streams[0]!);
      await expect.poll(() => began('append')).toBe(1);
      // It has the client look for the cluster again, which takes a second and fails.
      await server.fail(
        { rpc: 'append', then: 'not_ready', times: 1 },
        { rpc: 'gossip', then: 'silence', times: 1 },
      );
      await Promise.all([failsLater, append(streams[1]!)]);
      for (const stream of streams) expect(await store.readStream(stream)).toHaveLength(1);
    });

    it('never more appends are on their way than leave room for other calls', async () => {
      const store = open({ limits: { totalMs: 10_000 } });
      await server.fail({ rpc: 'append', commit: true, then: 'answer', delayMs: 20 });
      const appends = Array.from({ length: 300 }, () =>
        store.append(newStream(next), 'no_stream', newEvents(next, 1)),
      );
      await Promise.all(appends);
      expect((await server.counts()).peak.append).toBe(64);
    });
  });

  describe('the bare client, beside it,', () => {
    const bare = (options = '') => EventStoreDBClient.connectionString(`${server.url}${options}`);
    const event = () => jsonEvent({ type: 'Sent', data: {} });
    const settledWithin = (timeMs: number, append: Promise<unknown>) =>
      answerWithin(new SystemTimers(), timeMs, append).then(
        () => 'answered',
        (error: unknown) => (error instanceof CallError ? 'nothing' : error),
      );

    it('never answers once the shared stream ended well, not even later appends', async () => {
      const client = bare();
      await server.fail({ rpc: 'batch_append', then: 'end', times: 1 });
      const append = client.appendToStream(newStream(next), event());
      expect(await settledWithin(500, append)).toBe('nothing');
      const later = client.appendToStream(newStream(next), event());
      expect(await settledWithin(500, later)).toBe('nothing');
    });

    it('waits beyond its deadline', async () => {
      await server.fail({ rpc: 'batch_append', then: 'silence' });
      const append = bare('&defaultDeadline=100').appendToStream(newStream(next), event());
      expect(await settledWithin(1_000, append)).toBe('nothing');
    });

    it('names a wrong revision for a conflict', async () => {
      const client = bare('&throwOnAppendFailure=false');
      const stream = newStream(next);
      await client.appendToStream(stream, [event(), event(), event()]);
      const conflict = await client.appendToStream(stream, event(), { expectedRevision: 0n });
      expect(conflict).toMatchObject({ success: false, nextExpectedRevision: 1n });
    });

    it('takes a server that is not ready for something unknown', async () => {
      await server.fail({ rpc: 'batch_append', then: 'not_ready', times: 1 });
      const append = bare().appendToStream(newStream(next), event());
      await expect(append).rejects.toMatchObject({
        type: 'unknown',
        message: 'Could not recognize Server Is Not Ready',
      });
    });
  });

  describe('follows the log', () => {
    const follow = (options: Partial<LogSubscription> = {}, store = open()) => {
      const seen: string[] = [];
      const dropped: unknown[] = [];
      store.subscribe({
        after: 'end',
        onEvents: (events) => void seen.push(...events.map(({ id }) => id)),
        onDropped: (reason) => void dropped.push(reason),
        ...options,
      });
      return { store, seen, dropped };
    };

    it('past the place of a checkpoint, where the next event may begin', async () => {
      const store = open({ limits: PATIENT });
      // Where a page ends with the log, the last checkpoint names the place where nothing was written yet.
      for (let missing = await untilPageEnds(); missing > 0; missing = await untilPageEnds()) {
        await store.append(newStream(next), 'no_stream', newEvents(next, missing));
      }
      const filter = { streamPrefixes: [prefixOf(next, 'mandate')] };
      let scanned = -1;
      let caughtUp = false;
      const { seen } = follow(
        {
          after: -1,
          filter,
          onScanned: (position) => void (scanned = position),
          onCaughtUp: () => void (caughtUp = true),
        },
        store,
      );
      await until(() => caughtUp);
      const { seen: later } = follow({ after: scanned, filter }, store);
      const event = newEvent(next);
      await store.append(newStream(next, 'mandate'), 'no_stream', [event]);
      await until(() => seen.length === 1 && later.length === 1);
      expect([...seen, ...later]).toEqual([event.id, event.id]);
    });

    /** How many records are missing; the server may add one of its own. */
    async function untilPageEnds(): Promise<number> {
      return (500 - ((await server.counts()).records % 500)) % 500;
    }

    it('in peace while there is nothing to say', async () => {
      let caughtUp = false;
      const { store, seen, dropped } = follow({ onCaughtUp: () => void (caughtUp = true) });
      await until(() => caughtUp);
      const began = await counting();
      await expect.poll(() => began('read')).toBeGreaterThan(4);
      expect(await began('subscribe')).toBeLessThanOrEqual(1);
      await store.append(newStream(next), 'no_stream', newEvents(next, 1));
      await until(() => seen.length === 1);
      expect(dropped).toEqual([]);
    });

    it('again after each of many interruptions, with pauses in which the server can recover', async () => {
      let caughtUp = false;
      const { store, seen, dropped } = follow({ onCaughtUp: () => void (caughtUp = true) });
      await until(() => caughtUp);
      const stream = newStream(next);
      const events = newEvents(next, 10);
      for (const [revision, event] of events.entries()) {
        await server.turnSubscriptions('ended');
        await store.append(stream, revision === 0 ? 'no_stream' : revision - 1, [event]);
      }
      await until(() => seen.length === 10);
      expect(seen).toEqual(events.map(({ id }) => id));
      expect(dropped.length).toBeGreaterThan(0);

      const began = await counting();
      await server.fail({ rpc: 'subscribe', then: 'end' });
      await server.turnSubscriptions('ended');
      await until(() => dropped.length > 5);
      expect(await began('subscribe')).toBeLessThan(20);
      await server.heal();
      const [last] = newEvents(next, 1);
      await store.append(stream, 9, [last!]);
      await until(() => seen.at(-1) === last?.id);
    });

    it('without what others wrote in another form, and past it', async () => {
      let caughtUp = false;
      const { store, seen } = follow({ onCaughtUp: () => void (caughtUp = true) });
      await until(() => caughtUp);
      const stream = newStream(next);
      const [first, last] = newEvents(next, 2);
      await store.append(stream, 'no_stream', [first!]);
      await foreign(`invoice${next.run}`, jsonEvent({ type: 'Sent', data: { a: 1 } }));
      await foreign(newStream(next), binaryEvent({ type: 'Sent', data: new Uint8Array([1]) }));
      await foreign(newStream(next), jsonEvent({ type: 'Sent', data: [1], metadata: {} }));
      await store.append(stream, 0, [last!]);
      await until(() => seen.length === 2);
      expect(seen).toEqual([first?.id, last?.id]);
      const { events } = await store.readAll({ after: await positionBefore(store, stream) });
      expect(events.map(({ id }) => id)).toEqual([last?.id]);
    });

    async function positionBefore(store: EventStoreDbEventStore, stream: string): Promise<number> {
      return (await store.readStream(stream))[0]!.position;
    }
  });

  it('truncates without touching what else is said of a stream, and never a deleted one', async () => {
    const store = open();
    const [stream, deleted] = [newStream(next), newStream(next)];
    for (const each of [stream, deleted]) await store.append(each, 'no_stream', newEvents(next, 3));
    const client = EventStoreDBClient.connectionString(server.url);
    const options = { credentials: CREDENTIALS };
    await client.setStreamMetadata(stream, { maxCount: 100, owner: 'somebody' }, options);
    await store.truncateBefore(stream, 2);
    await store.truncateBefore(stream, 1);
    const { metadata } = await client.getStreamMetadata(stream);
    expect(metadata).toEqual({ maxCount: 100, owner: 'somebody', truncateBefore: 2 });
    await store.softDelete(deleted);
    await store.truncateBefore(deleted, 1);
    await expect(store.readStream(deleted)).rejects.toBeInstanceOf(StreamNotFoundError);
  });

  it('marks a stream again when nobody said that it was marked', async () => {
    const store = open();
    const stream = newStream(next);
    await store.append(stream, 'no_stream', newEvents(next, 3));
    await server.fail({ rpc: 'append', commit: true, then: 'silence', times: 1 });
    await store.truncateBefore(stream, 1);
    expect(await store.readStream(stream)).toHaveLength(2);
    await server.fail({ rpc: 'delete', commit: true, then: 'silence', times: 1 });
    await store.tombstone(stream);
    await expect(store.readStream(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(store.tombstone(stream)).rejects.toBeInstanceOf(StreamDeletedError);
  });

  it('calls an event damage that others wrote in another form into a stream of ours', async () => {
    const store = open();
    const stream = newStream(next);
    await foreign(stream, binaryEvent({ type: 'Sent', data: new Uint8Array([1]) }));
    await expect(store.readStream(stream)).rejects.toBeInstanceOf(LogDamagedError);
  });

  /** As another program would write it. */
  async function foreign(
    stream: string,
    event: Parameters<EventStoreDBClient['appendToStream']>[1],
  ): Promise<void> {
    const client = EventStoreDBClient.connectionString(server.url);
    await client.appendToStream(stream, event, { credentials: CREDENTIALS });
    await client.dispose();
  }

  it('refuses to read on after a position that the log never gave out', async () => {
    const store = open();
    const stream = newStream(next);
    const { lastPosition } = await store.append(stream, 'no_stream', newEvents(next, 1));
    await expect(store.readAll({ after: lastPosition - 1 })).rejects.toBeInstanceOf(RangeError);
    const subscribe = () => store.subscribe({ after: 0.5, onEvents: () => {} });
    expect(subscribe).toThrow(RangeError);
  });

  it('asks several nodes for the one that leads', async () => {
    const [leader, follower] = [server.url, server.followerUrl].map(
      (url) => /\/\/([^?]+)/.exec(url)?.[1],
    );
    const store = open({ url: `esdb://${follower},${leader}?tls=false` });
    const stream = newStream(next);
    await store.append(stream, 'no_stream', newEvents(next, 1));
    expect(await store.readStream(stream)).toHaveLength(1);
  });

  it('closes in time while its server is away, whatever is under way', async () => {
    const store = open({ limits: { attemptMs: 1_000, totalMs: 30_000 } });
    store.subscribe({ after: -1, onEvents: () => {} });
    await store.headPosition();
    await server.network('frozen');
    const appends = Array.from({ length: 100 }, () =>
      store.append(newStream(next), 'no_stream', newEvents(next, 1)),
    );
    const settled = Promise.allSettled(appends);
    const startedMs = performance.now();
    await store.close();
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    for (const append of await settled) {
      expect(append).toMatchObject({ reason: expect.any(StoreUnavailableError) });
    }
  });
});

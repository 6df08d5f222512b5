import { beforeAll, expect, it } from 'vitest';
import {
  type Given,
  newEvent,
  newEvents,
  newStream,
  type Sequence,
  written,
} from './events.contract.js';
import {
  APPEND_LIMITS,
  AppendTooLargeError,
  ConcurrencyError,
  type EventStore,
  InvalidEventError,
  type JsonObject,
  StreamDeletedError,
  StreamNotFoundError,
} from './event-store.port.js';

/** Reading one stream. */
export function describeReads(store: Given<EventStore>, next: Given<Sequence>): void {
  let long: string;

  beforeAll(async () => {
    long = newStream(next());
    await store().append(long, 'no_stream', newEvents(next(), 300));
    await store().append(long, 299, newEvents(next(), 301));
  });

  it('reads forward from the start and from a revision, inclusive [C24]', async () => {
    const [first] = await store().readStream(long, { limit: 1 });
    expect(first?.revision).toBe(0);
    const events = await store().readStream(long, { from: 598 });
    expect(events.map(({ revision }) => revision)).toEqual([598, 599, 600]);
  });

  it('reads nothing beyond the end of a stream that exists [C24]', async () => {
    expect(await store().readStream(long, { from: 601 })).toEqual([]);
  });

  it('reads the head backward [C25]', async () => {
    const events = await store().readStream(long, { direction: 'backward', limit: 1 });
    expect(events.map(({ revision }) => revision)).toEqual([600]);
  });

  it('reads backward from a revision, inclusive [C25]', async () => {
    const events = await store().readStream(long, { direction: 'backward', from: 1 });
    expect(events.map(({ revision }) => revision)).toEqual([1, 0]);
  });

  it.each([1, 499, 500])('gives a page of exactly %i [C26]', async (limit) => {
    const events = await store().readStream(long, { from: 50, limit });
    expect(events).toHaveLength(limit);
    expect(events[0]?.revision).toBe(50);
  });

  it('gives 500 events when no limit is named [C26]', async () => {
    expect(await store().readStream(long)).toHaveLength(500);
  });

  it.each([{ limit: 0 }, { limit: 501 }, { limit: 1.5 }, { from: -1 }])(
    'refuses %j [C26]',
    async (options) => {
      await expect(store().readStream(long, options)).rejects.toBeInstanceOf(RangeError);
    },
  );

  it('tells a missing stream from an empty answer [C27]', async () => {
    const attempt = store().readStream(newStream(next()));
    await expect(attempt).rejects.toBeInstanceOf(StreamNotFoundError);
  });

  it('keeps working after hundreds of reads that stopped early [C28]', async () => {
    const reads = Array.from({ length: 200 }, () => store().readStream(long, { limit: 1 }));
    await Promise.all(reads);
    expect(await store().readStream(long, { from: 600 })).toHaveLength(1);
  });

  it('reads what was just written [C33]', async () => {
    const stream = newStream(next());
    for (let revision = 0; revision < 20; revision++) {
      await store().append(
        stream,
        revision === 0 ? 'no_stream' : revision - 1,
        newEvents(next(), 1),
      );
      const [head] = await store().readStream(stream, { direction: 'backward', limit: 1 });
      expect(head?.revision).toBe(revision);
    }
  });
}

/** What an event may hold, and that it comes back. */
export function describeEncoding(store: Given<EventStore>, next: Given<Sequence>): void {
  it('gives data and metadata back as they were [C29]', async () => {
    const stream = newStream(next());
    const data: JsonObject = {
      text: 'zażółć 🦊 \u0000 "quoted" \ud800',
      empty: '',
      nothing: null,
      nested: { list: [1, [2, { deep: true }], {}], __proto__: null },
      largest: Number.MAX_SAFE_INTEGER,
      least: Number.MIN_SAFE_INTEGER,
      decimal: '0.10',
      long: 'x'.repeat(400 * 1024),
    };
    const event = newEvent(next(), data);
    await store().append(stream, 'no_stream', [event]);
    const [read] = await store().readStream(stream);
    expect(read).toMatchObject({ id: event.id, type: event.type, stream, revision: 0 });
    expect(read?.data).toEqual(data);
    expect(read?.metadata).toEqual(event.metadata);
  });

  it('is not affected by what the caller does to an event afterwards', async () => {
    const stream = newStream(next());
    const event = newEvent(next(), { amount: 1 });
    const appending = store().append(stream, 'no_stream', [event]);
    event.data.amount = 2;
    await appending;
    expect((await store().readStream(stream))[0]?.data).toEqual({ amount: 1 });
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = [cycle, cycle];
  it.each([
    ['undefined', undefined],
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a function', () => 1],
    ['a hole', new Array<number>(1)],
    ['a cycle', cycle],
  ])('refuses %s as data [C30]', async (_, value) => {
    const data = { list: [{ value }] } as unknown as JsonObject;
    const attempt = store().append(newStream(next()), 'no_stream', [newEvent(next(), data)]);
    await expect(attempt).rejects.toBeInstanceOf(InvalidEventError);
  });

  it('refuses 50,000 levels of nesting [C30]', async () => {
    let data: JsonObject = {};
    for (let level = 0; level < 50_000; level++) data = { data };
    const attempt = store().append(newStream(next()), 'no_stream', [newEvent(next(), data)]);
    await expect(attempt).rejects.toBeInstanceOf(InvalidEventError);
  });

  it.each([{ id: 'not-a-uuid' }, { type: '' }, { data: [] }, { metadata: null }])(
    'refuses an event with %j [C30]',
    async (wrong) => {
      const event = { ...newEvent(next()), ...(wrong as object) };
      const attempt = store().append(newStream(next()), 'no_stream', [event]);
      await expect(attempt).rejects.toBeInstanceOf(InvalidEventError);
    },
  );

  it('records times in UTC that do not run backwards [C31]', async () => {
    const stream = newStream(next());
    for (let revision = -1; revision < 5; revision++) {
      await store().append(stream, revision < 0 ? 'no_stream' : revision, newEvents(next(), 1));
    }
    const times = (await store().readStream(stream)).map(({ recordedAt }) => recordedAt);
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(times).toEqual(times.toSorted());
  });

  it('refuses too many events or bytes and stores nothing [C32]', async () => {
    const stream = newStream(next());
    const tooMany = newEvents(next(), APPEND_LIMITS.eventsMax + 1);
    const tooLong = [newEvent(next(), { text: 'é'.repeat(APPEND_LIMITS.bytesMax / 2) })];
    let doubled: JsonObject = { leaf: 1 };
    for (let level = 0; level < 40; level++) doubled = { left: doubled, right: doubled };
    for (const events of [tooMany, tooLong, [newEvent(next(), doubled)]]) {
      const attempt = store().append(stream, 'no_stream', events);
      await expect(attempt).rejects.toBeInstanceOf(AppendTooLargeError);
    }
    await expect(store().readStream(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
  });
}

/** Truncating and deleting. */
export function describeEndings(store: Given<EventStore>, next: Given<Sequence>): void {
  it('hides what lies before a truncation and goes on counting [C48]', async () => {
    const stream = await written(store(), next(), 5);
    await store().truncateBefore(stream, 3);
    const appended = await store().append(stream, 4, newEvents(next(), 1));
    expect(appended.lastRevision).toBe(5);
    const forward = await store().readStream(stream);
    expect(forward.map(({ revision }) => revision)).toEqual([3, 4, 5]);
    const backward = await store().readStream(stream, { direction: 'backward', from: 4 });
    expect(backward.map(({ revision }) => revision)).toEqual([4, 3]);
  });

  it('reads nothing from a stream that was truncated as a whole [C48]', async () => {
    const stream = await written(store(), next(), 2);
    await store().truncateBefore(stream, 2);
    expect(await store().readStream(stream)).toEqual([]);
  });

  it('neither reads nor extends a tombstoned stream, whatever is expected [C49]', async () => {
    const stream = await written(store(), next(), 2);
    await store().tombstone(stream);
    await expect(store().readStream(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    for (const expected of ['no_stream', 'any', 'exists', 0, 1, 7] as const) {
      const attempt = store().append(stream, expected, newEvents(next(), 1));
      await expect(attempt).rejects.toBeInstanceOf(StreamDeletedError);
    }
    await expect(store().softDelete(stream)).rejects.toBeInstanceOf(StreamDeletedError);
  });

  it('lets a soft-deleted stream start anew, with revisions that go on [C50]', async () => {
    const stream = await written(store(), next(), 3);
    await store().softDelete(stream);
    await expect(store().readStream(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
    const byExists = store().append(stream, 'exists', newEvents(next(), 1));
    await expect(byExists).rejects.toBeInstanceOf(ConcurrencyError);
    const appended = await store().append(stream, 'no_stream', newEvents(next(), 2));
    expect(appended.lastRevision).toBe(4);
    const events = await store().readStream(stream);
    expect(events.map(({ revision }) => revision)).toEqual([3, 4]);
  });

  it('lets a soft-deleted stream go on at its head [C50]', async () => {
    const stream = await written(store(), next(), 3);
    await store().softDelete(stream);
    expect((await store().append(stream, 2, newEvents(next(), 1))).lastRevision).toBe(3);
  });
}

import { expect, it } from 'vitest';
import {
  type Given,
  newEvent,
  newEvents,
  newStream,
  type Sequence,
  written,
} from './events.contract.js';
import {
  ConcurrencyError,
  type EventStore,
  InvalidEventError,
  type JsonObject,
  StreamNotFoundError,
} from './event-store.port.js';

/** What is appended, and what is refused. */
export function describeAppend(store: Given<EventStore>, next: Given<Sequence>): void {
  it('starts a stream at revision 0 [C1]', async () => {
    const stream = newStream(next());
    const appended = await store().append(stream, 'no_stream', newEvents(next(), 3));
    expect(appended.lastRevision).toBe(2);
    const events = await store().readStream(stream);
    expect(events.map(({ revision }) => revision)).toEqual([0, 1, 2]);
  });

  it('refuses to start a stream that exists, naming its head [C2]', async () => {
    const stream = await written(store(), next(), 2);
    const attempt = store().append(stream, 'no_stream', newEvents(next(), 1));
    await expect(attempt).rejects.toMatchObject({ name: 'ConcurrencyError', actual: 1 });
    expect(await store().readStream(stream)).toHaveLength(2);
  });

  it('appends after the expected head [C3]', async () => {
    const stream = await written(store(), next(), 2);
    const appended = await store().append(stream, 1, newEvents(next(), 2));
    expect(appended.lastRevision).toBe(3);
  });

  it.each([
    [0, 'C4'],
    [5, 'C5'],
  ])('refuses other events at revision %i of a stream of three [%s]', async (expected) => {
    const stream = await written(store(), next(), 3);
    const attempt = store().append(stream, expected, newEvents(next(), 1));
    await expect(attempt).rejects.toMatchObject({ expected, actual: 2, stream });
  });

  it.each([
    [0, 'C6'],
    ['exists', 'C7'],
  ] as const)('refuses %s on a stream that does not exist [%s]', async (expected, _) => {
    const attempt = store().append(newStream(next()), expected, newEvents(next(), 1));
    await expect(attempt).rejects.toBeInstanceOf(ConcurrencyError);
    await expect(attempt).rejects.toMatchObject({ actual: 'no_stream' });
  });

  it('takes "any" with and without a stream, and "exists" with one [C8]', async () => {
    const stream = newStream(next());
    for (const expected of ['any', 'any', 'exists'] as const) {
      await store().append(stream, expected, newEvents(next(), 1));
    }
    expect(await store().readStream(stream)).toHaveLength(3);
  });

  it('refuses an expectation that is not a revision', async () => {
    for (const expected of [-1, 1.5, Number.NaN]) {
      const attempt = store().append(newStream(next()), expected, newEvents(next(), 1));
      await expect(attempt).rejects.toBeInstanceOf(InvalidEventError);
    }
  });

  it('writes nothing when one event of several is invalid [C9]', async () => {
    const stream = newStream(next());
    const invalid = { ...newEvent(next()), data: { at: new Date(0) } as unknown as JsonObject };
    const attempt = store().append(stream, 'no_stream', [...newEvents(next(), 2), invalid]);
    await expect(attempt).rejects.toBeInstanceOf(InvalidEventError);
    await expect(store().readStream(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
  });

  it('refuses an append without events, or with one id twice [C10]', async () => {
    const event = newEvent(next());
    for (const events of [[], [event, event]]) {
      const attempt = store().append(newStream(next()), 'no_stream', events);
      await expect(attempt).rejects.toBeInstanceOf(InvalidEventError);
    }
  });

  it.each(['$system-1', 'nohyphen', 'a b-1', '-1', 'payment_intent-', 'payment_intent-é'])(
    'refuses the stream name %s',
    async (stream) => {
      const attempt = store().append(stream, 'no_stream', newEvents(next(), 1));
      await expect(attempt).rejects.toBeInstanceOf(InvalidEventError);
    },
  );

  it('gives the events of one append contiguous revisions and increasing positions [C11]', async () => {
    const stream = await written(store(), next(), 1);
    const appended = await store().append(stream, 0, newEvents(next(), 20));
    const events = (await store().readStream(stream)).slice(1);
    expect(events.map(({ revision }) => revision)).toEqual(Array.from(events, (_, i) => i + 1));
    const positions = events.map(({ position }) => position);
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
    expect(appended).toEqual({ lastRevision: 20, lastPosition: positions.at(-1) });
  });

  it('lets exactly one of two concurrent appends win, a thousand times [C12]', async () => {
    for (let round = 0; round < 20; round++) {
      const streams = Array.from({ length: 50 }, () => newStream(next()));
      const race = (stream: string) => store().append(stream, 'no_stream', newEvents(next(), 1));
      const results = await Promise.all(
        streams.map((stream) => Promise.allSettled([race(stream), race(stream)])),
      );
      for (const pair of results) {
        const lost = pair.filter((result) => result.status === 'rejected');
        expect(lost).toHaveLength(1);
        expect(lost[0]?.reason).toBeInstanceOf(ConcurrencyError);
      }
    }
  });

  it('serves 64 writers on 64 streams, each position once [C13]', async () => {
    const writers = Array.from({ length: 64 }, async () => {
      const stream = newStream(next());
      const positions: number[] = [];
      for (let revision = -1; revision < 9; revision++) {
        const expected = revision < 0 ? 'no_stream' : revision;
        const appended = await store().append(stream, expected, newEvents(next(), 1));
        positions.push(appended.lastPosition);
      }
      return positions;
    });
    const positions = (await Promise.all(writers)).flat();
    expect(new Set(positions).size).toBe(640);
  });
}

/** What counts as the same append. */
export function describeIdempotency(store: Given<EventStore>, next: Given<Sequence>): void {
  it('answers a repeated append as the first time and writes nothing [C14]', async () => {
    const stream = newStream(next());
    const events = newEvents(next(), 2);
    const first = await store().append(stream, 'no_stream', events);
    expect(await store().append(stream, 'no_stream', events)).toEqual(first);
    expect(await store().readStream(stream)).toHaveLength(2);
  });

  it('recognises a repeat after others appended, and answers with its own last event [C15]', async () => {
    const stream = await written(store(), next(), 2);
    const events = newEvents(next(), 2);
    const first = await store().append(stream, 1, events);
    await store().append(stream, 3, newEvents(next(), 3));
    expect(await store().append(stream, 1, events)).toEqual(first);
    expect(first.lastRevision).toBe(3);
    expect(await store().readStream(stream)).toHaveLength(7);
  });

  it('takes the beginning of an earlier append for a repeat [C16]', async () => {
    const stream = newStream(next());
    const events = newEvents(next(), 3);
    await store().append(stream, 'no_stream', events);
    const appended = await store().append(stream, 'no_stream', events.slice(0, 2));
    expect(appended.lastRevision).toBe(1);
    const [, second] = await store().readStream(stream);
    expect(appended.lastPosition).toBe(second?.position);
  });

  it('refuses an earlier append with one more event, or with another second one [C17] [C18]', async () => {
    const stream = newStream(next());
    const events = newEvents(next(), 2);
    await store().append(stream, 'no_stream', events);
    for (const changed of [
      [...events, newEvent(next())],
      [events[0]!, newEvent(next())],
    ]) {
      const attempt = store().append(stream, 'no_stream', changed);
      await expect(attempt).rejects.toMatchObject({ actual: 1 });
    }
    expect(await store().readStream(stream)).toHaveLength(2);
  });

  it('compares ids, not payloads, and keeps the first payload [C19]', async () => {
    const stream = newStream(next());
    const event = newEvent(next(), { amount: 1 });
    const first = await store().append(stream, 'no_stream', [event]);
    const again = await store().append(stream, 'no_stream', [{ ...event, data: { amount: 2 } }]);
    expect(again).toEqual(first);
    expect((await store().readStream(stream))[0]?.data).toEqual({ amount: 1 });
  });

  it('lets two streams hold events with the same id [C20]', async () => {
    const event = newEvent(next());
    for (const stream of [newStream(next()), newStream(next())]) {
      await store().append(stream, 'no_stream', [event]);
      expect((await store().readStream(stream))[0]?.id).toBe(event.id);
    }
  });

  it('appends the same ids again when the expectation is the head [C22]', async () => {
    const stream = newStream(next());
    const events = newEvents(next(), 1);
    await store().append(stream, 'no_stream', events);
    const appended = await store().append(stream, 0, events);
    expect(appended.lastRevision).toBe(1);
  });

  it('converges on one event when every answer but the last is lost [C23]', async () => {
    const stream = newStream(next());
    const events = newEvents(next(), 1);
    const attempts = Array.from({ length: 5 }, () => store().append(stream, 'no_stream', events));
    const answers = await Promise.all(attempts);
    expect(new Set(answers.map(({ lastPosition }) => lastPosition)).size).toBe(1);
    expect(await store().readStream(stream)).toHaveLength(1);
  });
}

import type { EventStore, JsonObject, NewEvent } from './event-store.port.js';

/** Numbers that make ids and names of one suite distinct. */
export type Sequence = () => number;
/** What the surrounding suite has ready by the time a test runs. */
export type Given<T> = () => T;

export function sequence(): Sequence {
  let last = 0;
  return () => ++last;
}

export function newStream(next: Sequence): string {
  return `payment_intent-${next()}`;
}

export function newEvent(next: Sequence, data: JsonObject = { amount: 4200 }): NewEvent {
  const number = next();
  return {
    id: `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`,
    type: 'SomethingHappened',
    data,
    metadata: { $correlationId: 'flow', $causationId: `command-${number}`, schemaVersion: 1 },
  };
}

export function newEvents(next: Sequence, count: number): NewEvent[] {
  return Array.from({ length: count }, () => newEvent(next));
}

/** A new stream of so many events. */
export async function written(store: EventStore, next: Sequence, count: number): Promise<string> {
  const stream = newStream(next);
  await store.append(stream, 'no_stream', newEvents(next, count));
  return stream;
}

/** Waits until something is so, with a deadline. */
export async function until(condition: () => boolean, deadlineMs = 20_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not so after ${deadlineMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

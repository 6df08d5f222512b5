import { randomUUID } from 'node:crypto';
import type {
  EventStore,
  JsonObject,
  LogFilter,
  NewEvent,
  RecordedEvent,
} from './event-store.port.js';

/** Numbers that make ids and names of one suite distinct. */
export interface Sequence {
  (): number;
  /** Eight hex digits that tell this run from all others that write to the same log. */
  readonly run: string;
}

/** What the surrounding suite has ready by the time a test runs. */
export type Given<T> = () => T;

export function sequence(): Sequence {
  let last = 0;
  return Object.assign(() => ++last, { run: randomUUID().slice(0, 8) });
}

export function newStream(next: Sequence, category = 'payment_intent'): string {
  return `${prefixOf(next, category)}${next()}`;
}

/** What all streams of this run begin with. */
export function prefixOf({ run }: Sequence, category = 'payment_intent'): string {
  return `${category}-${run}.`;
}

export function newEvent(next: Sequence, data: JsonObject = { amount: 4200 }): NewEvent {
  const number = next();
  return {
    id: `${next.run}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`,
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

/** Everything that follows a position, over as many pages as it takes. */
export async function readOn(
  store: EventStore,
  after: number,
  filter?: LogFilter,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let scannedTo = after; ;) {
    const page = await store.readAll({ after: scannedTo, filter });
    if (page.scannedTo === scannedTo) return events;
    events.push(...page.events);
    scannedTo = page.scannedTo;
  }
}

/** Waits until something is so, with a deadline. */
export async function until(condition: () => boolean, deadlineMs = 20_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not so after ${deadlineMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

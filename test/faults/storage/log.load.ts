import type { NewEvent } from '#event-store';

/** What is written in the trials, so that everybody knows what must be read: it follows from the stream's name alone. */

const SIZES = [20, 300, 90, 2_000, 40, 700, 6_000, 60];

export interface LoadedAppend {
  firstRevision: number;
  events: NewEvent[];
}

/** The appends of a stream, one after the other, without end: one to four events, from a few bytes to some pages. */
export function* appendsOf(stream: string): Generator<LoadedAppend> {
  for (let revision = 0, number = 0; ; number++) {
    const count = 1 + ((number + stream.length) % 4);
    const events = Array.from({ length: count }, (_, index) => eventAt(stream, revision + index));
    yield { firstRevision: revision, events };
    revision += count;
  }
}

export function eventAt(stream: string, revision: number): NewEvent {
  const size = SIZES[(revision * 7 + stream.length * 3) % SIZES.length]!;
  const digits = `${hash(`${stream}/${revision}`)}`.padStart(12, '0');
  return {
    id: `00000000-0000-4000-8000-${digits}`,
    type: revision % 2 === 0 ? 'PaymentCaptured' : 'AttemptStarted',
    data: { amountMinor: revision, text: `${stream}/${revision} `.repeat(size / 10) },
    metadata: { $correlationId: stream, $causationId: `${revision}`, schemaVersion: 1 },
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return value;
}

import {
  APPEND_LIMITS,
  AppendTooLargeError,
  type Expected,
  InvalidEventError,
  type NewEvent,
  STREAM_NAME,
} from './event-store.port.js';

/** An event whose JSON is written once, before anything else happens to it. */
export interface EncodedEvent {
  id: string;
  type: string;
  data: string;
  metadata: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NAME_LENGTH_MAX = 256;
const DEPTH_MAX = 100;

/**
 * Checks an append and writes its JSON.
 * @throws InvalidEventError, AppendTooLargeError
 */
export function encodeAppend(
  stream: string,
  expected: Expected,
  events: readonly NewEvent[],
): EncodedEvent[] {
  checkStreamName(stream);
  checkExpected(expected);
  if (events.length === 0) throw new InvalidEventError('an append needs at least one event');
  if (events.length > APPEND_LIMITS.eventsMax) {
    throw new AppendTooLargeError(`${events.length} events, at most ${APPEND_LIMITS.eventsMax}`);
  }
  if (new Set(events.map(({ id }) => id)).size < events.length) {
    throw new InvalidEventError('two events of one append have the same id');
  }

  const budget = { nodes: APPEND_LIMITS.bytesMax };
  const encoded = events.map((event) => encodeEvent(event, budget));
  const bytes = encodedBytes(encoded);
  if (bytes > APPEND_LIMITS.bytesMax) {
    throw new AppendTooLargeError(`${bytes} bytes, at most ${APPEND_LIMITS.bytesMax}`);
  }
  return encoded;
}

/** @throws InvalidEventError */
export function checkStreamName(stream: string): void {
  if (stream.length > NAME_LENGTH_MAX || !STREAM_NAME.test(stream)) {
    throw new InvalidEventError('not a stream name');
  }
}

export function encodedBytes(events: readonly EncodedEvent[]): number {
  let bytes = 0;
  for (const event of events) {
    bytes += Buffer.byteLength(event.data) + Buffer.byteLength(event.metadata);
  }
  return bytes;
}

function checkExpected(expected: Expected): void {
  if (typeof expected === 'number' && !(Number.isSafeInteger(expected) && expected >= 0)) {
    throw new InvalidEventError('an expected revision is an integer from 0');
  }
}

function encodeEvent({ id, type, data, metadata }: NewEvent, budget: Budget): EncodedEvent {
  if (!UUID.test(id)) throw new InvalidEventError('an event id is a UUID in lower case');
  if (type.length === 0 || type.length > NAME_LENGTH_MAX) {
    throw new InvalidEventError('an event type has 1 to 256 characters');
  }
  if (!isPlainObject(data)) throw new InvalidEventError('data is not a plain object');
  if (!isPlainObject(metadata)) throw new InvalidEventError('metadata is not a plain object');
  checkJson(data, 'data', 1, budget);
  checkJson(metadata, 'metadata', 1, budget);
  return { id, type, data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
}

/**
 * Every value takes at least one byte, so there cannot be more of them than bytes: that bounds the walk over values which
 * refer to one object again and again. Cycles end at the greatest depth.
 */
interface Budget {
  nodes: number;
}

function checkJson(value: unknown, path: string, depth: number, budget: Budget): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new InvalidEventError(`${path} contains ${value}`);
    return;
  }
  if (typeof value !== 'object')
    throw new InvalidEventError(`${path} contains a value of type ${typeof value}`);
  if (depth > DEPTH_MAX) throw new InvalidEventError(`nested deeper than ${DEPTH_MAX}, or a cycle`);

  const entries = Array.isArray(value) ? value : isPlainObject(value) ? Object.values(value) : null;
  if (entries === null) throw new InvalidEventError(`${path} contains an instance of a class`);
  budget.nodes -= entries.length;
  if (budget.nodes < 0) throw new AppendTooLargeError('more values than bytes are allowed');
  // By index: `forEach` would pass over the holes of an array.
  for (let index = 0; index < entries.length; index++) {
    checkJson(entries[index], path, depth + 1, budget);
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

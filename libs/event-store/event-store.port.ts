import type { LogDamagedError } from './log-damaged.error.js';

/**
 * The log. One port for three stores (sqlite, memory, eventstoredb), normalised to what the weakest of them promises.
 */

export type JsonValue =
  string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

export interface EventMetadata extends JsonObject {
  /** The flow: the id of the request that started it. */
  $correlationId: string;
  /** The message that caused this event. */
  $causationId: string;
  schemaVersion: number;
}

export interface NewEvent {
  /** UUID, derived from the command and the data, so that a repeated append, and nothing else, is the same append. */
  id: string;
  type: string;
  data: JsonObject;
  metadata: EventMetadata;
}

/** Shared between all who read it: never modify one. */
export interface RecordedEvent extends NewEvent {
  stream: string;
  /** Dense per stream, from 0. */
  revision: number;
  /** Increasing over the whole log, in commit order, maybe with gaps. Opaque but for comparison; a safe integer. */
  position: number;
  /** RFC 3339 UTC, milliseconds. */
  recordedAt: string;
}

/** A number is the exact revision of the last event the decision was made on. */
export type Expected = number | 'no_stream' | 'exists' | 'any';

export interface Appended {
  /** Revision and position of the last event of this append (not the head, when the append is a repeat). */
  lastRevision: number;
  lastPosition: number;
}

export interface StreamRead {
  /** Inclusive. Default: the first (forward) or the last (backward). */
  from?: number;
  direction?: 'forward' | 'backward';
  /** 1–500, default 500. A shorter answer than the limit means the end was reached. */
  limit?: number;
}

export interface LogFilter {
  /** Keep events whose stream name starts with one of these. Streams starting with `$` are never delivered. */
  streamPrefixes?: readonly string[];
  /** Keep events of these types. Both filters given: both must match. */
  types?: readonly string[];
}

export interface LogRead {
  /** Exclusive. A position that this store gave out, or -1 for the beginning: EventStoreDB knows no others. */
  after: number;
  limit?: number;
  filter?: LogFilter;
}

export interface LogPage {
  events: RecordedEvent[];
  /** Everything up to and including this position was looked at: where to go on, also when nothing matched. */
  scannedTo: number;
}

export interface LogSubscription {
  /**
   * Exclusive, as for a read. `'end'`: nothing that was appended before the call, everything that is appended after
   * `onCaughtUp`; a store that has to ask a server for its end may begin anywhere between.
   */
  after: number | 'end';
  filter?: LogFilter;
  /**
   * Events in log order, at least one, at most 500. The next call comes only after the promise resolved: that is the
   * back-pressure. A rejection is retried with the same events until it resolves or the subscription is stopped.
   */
  onEvents: (events: RecordedEvent[], scannedTo: number) => Promise<void> | void;
  /** Nothing matched up to here: a checkpoint may advance. */
  onScanned?: (scannedTo: number) => void;
  /** Once, when everything that existed at the start was delivered. */
  onCaughtUp?: () => void;
  /** The connection to the store was lost or a handler failed; the subscription goes on by itself. */
  onDropped?: (reason: unknown) => void;
}

export interface Subscription {
  /** Resolves after the handler in flight ended; nothing is delivered afterwards. */
  stop(): Promise<void>;
}

export abstract class EventStore {
  /**
   * Appends all events or none. Idempotency is EventStoreDB's rule: with an explicit expectation below the head, equal ids at
   * the positions after it mean success and nothing is written; `expected === head` always appends.
   * @throws ConcurrencyError, StreamDeletedError, AppendTooLargeError, InvalidEventError, StoreUnavailableError,
   * LogDamagedError
   */
  abstract append(
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
  ): Promise<Appended>;

  /** @throws StreamNotFoundError, StreamDeletedError, StoreUnavailableError, LogDamagedError */
  abstract readStream(stream: string, options?: StreamRead): Promise<RecordedEvent[]>;

  /** @throws StoreUnavailableError, LogDamagedError, RangeError where it notices that `after` was never given out */
  abstract readAll(options: LogRead): Promise<LogPage>;

  /** Position of the last event in the log, -1 when it is empty. Streams starting with `$` do not count. */
  abstract headPosition(): Promise<number>;

  abstract subscribe(options: LogSubscription): Subscription;

  /** Hides events below `revision` from stream reads; revisions go on counting. */
  abstract truncateBefore(stream: string, revision: number): Promise<void>;
  /** The stream may be started anew with `no_stream`; revisions go on counting. Never used on payment streams: it would free the key. */
  abstract softDelete(stream: string): Promise<void>;
  /** The stream can never be read or appended to again. */
  abstract tombstone(stream: string): Promise<void>;

  /** What was found damaged, once something was: nothing is appended then. */
  damage(): LogDamagedError | null {
    return null;
  }

  /** Stops subscriptions, finishes appends in flight, releases files. */
  abstract close(): Promise<void>;
}

/** The limits of the port, the same for every store. */
export const APPEND_LIMITS = { bytesMax: 512 * 1024, eventsMax: 500 } as const;
/** One hyphen separates the category; `$` is reserved. */
export const STREAM_NAME = /^[a-zA-Z_]+-[0-9a-zA-Z._-]+$/;

export class ConcurrencyError extends Error {
  constructor(
    readonly stream: string,
    readonly expected: Expected,
    readonly actual: number | 'no_stream',
  ) {
    super(`${stream}: expected ${expected}, found ${actual}`);
    this.name = 'ConcurrencyError';
  }
}

export class StreamNotFoundError extends Error {
  constructor(readonly stream: string) {
    super(`${stream} does not exist`);
    this.name = 'StreamNotFoundError';
  }
}

export class StreamDeletedError extends Error {
  constructor(readonly stream: string) {
    super(`${stream} was deleted for good`);
    this.name = 'StreamDeletedError';
  }
}

export class AppendTooLargeError extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'AppendTooLargeError';
  }
}

export class InvalidEventError extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'InvalidEventError';
  }
}

/** `not_applied`: certainly nothing was written. `unknown`: read back before deciding anything. */
export class StoreUnavailableError extends Error {
  constructor(
    readonly outcome: 'not_applied' | 'unknown',
    detail: string,
    options?: { cause?: unknown },
  ) {
    super(detail, options);
    this.name = 'StoreUnavailableError';
  }
}

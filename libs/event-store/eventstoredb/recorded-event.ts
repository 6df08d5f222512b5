import {
  type EventMetadata,
  type JsonObject,
  type RecordedEvent,
  STREAM_NAME,
} from '../event-store.port.js';
import type { ServerRecord } from './record.source.js';

/** The event as the port gives it; undefined for one that was not written through the port. */
export function toRecordedEvent(record: ServerRecord): RecordedEvent | undefined {
  const { streamId, id, type, data, metadata, isJson, revision, created } = record;
  if (!STREAM_NAME.test(streamId) || !isJson || !isObject(data) || !isMetadata(metadata)) {
    return undefined;
  }
  return {
    stream: streamId,
    revision: safe(revision),
    position: positionOf(record),
    id,
    type,
    data,
    metadata,
    recordedAt: created.toISOString(),
  };
}

/** A position as the server names it. What is written through gRPC is committed where it is prepared. */
export function placeAt(position: number): { commit: bigint; prepare: bigint } {
  return { commit: BigInt(position), prepare: BigInt(position) };
}

/** Where a record begins in the log, in bytes. @throws RangeError */
export function positionOf({ position, streamId }: ServerRecord): number {
  if (position === undefined) throw new RangeError(`no position came with an event of ${streamId}`);
  return safe(position.commit);
}

/** @throws RangeError: servers before 22.6 give 2^64 - 1 as the position of what is read from a stream */
export function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new RangeError(`${value} is not a safe integer`);
  return Number(value);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMetadata(value: unknown): value is EventMetadata {
  return isObject(value) && !(value instanceof Uint8Array);
}

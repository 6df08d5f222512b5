import { type AppendExpectedRevision, type EventData, jsonEvent } from '@eventstore/db-client';
import type { EncodedEvent } from '../append.encoding.js';
import type { Expected, JsonObject } from '../event-store.port.js';

/** One append, with what is known about its tries so far. */
export interface PendingAppend {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly EncodedEvent[];
  /** A try may have been carried out. */
  isDoubtful: boolean;
}

export function asExpectedRevision(expected: Expected): AppendExpectedRevision {
  if (typeof expected === 'number') return BigInt(expected);
  return expected === 'exists' ? 'stream_exists' : expected;
}

/** The client writes JSON itself. It gets what was checked and written before, and nothing that its caller could change. */
export function asEventData({ id, type, data, metadata }: EncodedEvent): EventData {
  return jsonEvent({
    id,
    type,
    data: JSON.parse(data) as JsonObject,
    metadata: JSON.parse(metadata) as JsonObject,
  });
}

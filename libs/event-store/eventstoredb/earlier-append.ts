import type { Appended } from '../event-store.port.js';
import type { PendingAppend } from './append.request.js';
import { failureOf } from './call.failure.js';
import type { RecordSource, ServerRecord, StreamRange } from './record.source.js';
import { positionOf, safe } from './recorded-event.js';

/** How far back an append without an exact expectation is looked for. */
const TAIL = 500;

/** What an earlier try of an append left in its stream, if it did: its ids, all of them and in order. */
export async function earlierAppend(
  records: RecordSource,
  append: PendingAppend,
  timeMs: number,
): Promise<Appended | undefined> {
  const ids = append.events.map(({ id }) => id);
  const candidates = await candidatesFor(records, append, timeMs);
  const first = candidates.findIndex((_, start) =>
    ids.every((id, index) => candidates[start + index]?.id === id),
  );
  const last = first < 0 ? undefined : candidates[first + ids.length - 1];
  return last && { lastRevision: safe(last.revision), lastPosition: positionOf(last) };
}

async function candidatesFor(
  records: RecordSource,
  { stream, expected, events }: PendingAppend,
  timeMs: number,
): Promise<ServerRecord[]> {
  try {
    if (expected === 'any' || expected === 'exists') {
      const tail: StreamRange = { direction: 'backwards', fromRevision: 'end', maxCount: TAIL };
      return (await records.ofStream(stream, tail, timeMs)).reverse();
    }
    // A stream that was deleted softly begins later than at 0; what it begins with now is what counts.
    const fromRevision = expected === 'no_stream' ? 'start' : BigInt(expected + 1);
    const maxCount = events.length;
    const range: StreamRange = { direction: 'forwards', fromRevision, maxCount };
    return await records.ofStream(stream, range, timeMs);
  } catch (error) {
    if (failureOf(error).kind === 'stream_missing') return [];
    throw error;
  }
}

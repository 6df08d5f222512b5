import type { Expected } from './event-store.port.js';

/** What an append meets. Pure, so that every store judges alike. */
export interface StreamState {
  /** Revision of the last event, -1 when there never was one. */
  head: number;
  status: 'live' | 'soft_deleted' | 'tombstoned';
}

export type AppendVerdict =
  | { kind: 'append' }
  /** The same append was made before; nothing is to be written. */
  | { kind: 'repeat'; lastRevision: number }
  | { kind: 'conflict'; actual: number | 'no_stream' }
  | { kind: 'deleted' };

/**
 * EventStoreDB's rule. An explicit expectation below the head is a repeat when the ids at the positions after it are equal;
 * at the head, ids are not compared. Payloads never are.
 */
export function judgeAppend(
  { head, status }: StreamState,
  expected: Expected,
  ids: readonly string[],
  idAt: (revision: number) => string | undefined,
): AppendVerdict {
  const conflict: AppendVerdict = { kind: 'conflict', actual: head < 0 ? 'no_stream' : head };
  if (status === 'tombstoned') return { kind: 'deleted' };
  if (expected === 'any') return { kind: 'append' };
  if (expected === 'exists') {
    return head >= 0 && status === 'live' ? { kind: 'append' } : conflict;
  }

  const last = expected === 'no_stream' ? -1 : expected;
  if (last === head) return { kind: 'append' };
  if (last > head) return conflict;

  const firstOther = ids.findIndex((id, index) => idAt(last + 1 + index) !== id);
  if (firstOther === -1) return { kind: 'repeat', lastRevision: last + ids.length };
  const startsAnew = expected === 'no_stream' && status === 'soft_deleted' && firstOther === 0;
  return startsAnew ? { kind: 'append' } : conflict;
}

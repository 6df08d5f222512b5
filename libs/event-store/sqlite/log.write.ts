import type { EncodedEvent } from '../append.encoding.js';
import type { Expected } from '../event-store.port.js';

/** What the store asks its writer to do, as it crosses into the thread. */
export type LogWrite =
  | { kind: 'append'; stream: string; expected: Expected; events: EncodedEvent[] }
  | { kind: 'truncate'; stream: string; before: number }
  | { kind: 'soft_delete'; stream: string }
  | { kind: 'tombstone'; stream: string };

/** What became of it. `applied`, `repeat` and `marked` are durable when they are reported. */
export type LogOutcome =
  | { kind: 'applied'; lastRevision: number; lastPosition: number }
  | { kind: 'repeat'; lastRevision: number; lastPosition: number }
  | { kind: 'marked' }
  | { kind: 'conflict'; actual: number | 'no_stream' }
  | { kind: 'deleted' }
  /** The file is; nothing of the batch was written. */
  | { kind: 'damaged'; file: string; place: string; expected: string }
  | Unavailable;

export interface Unavailable {
  kind: 'unavailable';
  outcome: 'not_applied' | 'unknown';
  detail: string;
}

export function unavailable(outcome: Unavailable['outcome'], reason: unknown): Unavailable {
  const detail = reason instanceof Error ? reason.message : String(reason);
  return { kind: 'unavailable', outcome, detail };
}

import type { JsonRecord } from '#domain';

/** The state of a stream after the event `eventId` at `revision`, in the form `version`. */
export interface Snapshot {
  readonly version: number;
  readonly revision: number;
  readonly eventId: string;
  readonly state: JsonRecord;
}

/**
 * Where long streams leave their state, so that the next load need not begin at the beginning. Disposable: losing it costs time
 * and nothing else. Synchronous, because each call is one local read or write. May throw; the caller goes on without it.
 */
export abstract class SnapshotStore {
  /** The last one that was saved; null when there is none. */
  abstract load(stream: string): Snapshot | null;
  /** Replaces the one before. */
  abstract save(stream: string, snapshot: Snapshot): void;
}

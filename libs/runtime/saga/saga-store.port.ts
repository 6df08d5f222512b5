import type { RecordedEvent } from '#event-store';
import type { Checkpoint } from './checkpoint.js';

/** A delivery for later: `event` comes again as `due` at `dueAtMs`. */
export interface DurableTimer {
  event: RecordedEvent;
  /** Epoch milliseconds. */
  dueAtMs: number;
}

/**
 * What the sagas of one process remember besides the log. Losing it loses no payment: everything is delivered again. It
 * may lag behind, never run ahead. Synchronous, because each call is one small local write. May throw.
 */
export abstract class SagaStore {
  abstract loadCheckpoint(): Checkpoint;
  abstract saveCheckpoint(checkpoint: Checkpoint): void;
  /** Idempotent by event id. */
  abstract addTimer(timer: DurableTimer): void;
  abstract removeTimer(eventId: string): void;
  /** In order of their time. */
  abstract timersDueBy(nowMs: number): DurableTimer[];
  /** The earliest time after `nowMs`, or null. */
  abstract nextDueAfter(nowMs: number): number | null;
}

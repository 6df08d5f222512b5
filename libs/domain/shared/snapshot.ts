import type { JsonRecord } from './json.js';

/** How the state of an aggregate is written down, so that a long stream need not be folded from its beginning. */
export interface SnapshotForm<State> {
  /** Raised when the form changes or events come to mean something else: what has another version is not read. */
  readonly version: number;
  /** How many events lie between two. Must grow with the state, or writing them all costs the square of the stream. */
  readonly every: (state: State) => number;
  /** Plain data that no later event changes. */
  readonly save: (state: State) => JsonRecord;
  /** A state that goes on exactly as the saved one. May throw on what `save` never wrote. */
  readonly restore: (saved: JsonRecord) => State;
}

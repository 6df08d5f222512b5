export interface CallLimits {
  /** How long one try of a call may take. */
  attemptMs: number;
  /** How long a call may take with all its tries and the pauses between them. */
  totalMs: number;
  /** Appends on their way at once: the server serves 100 calls per connection and lets the others wait. */
  appendsInFlight: number;
  /** Appends that may wait for their turn. */
  appendsWaiting: number;
  /** How long a subscription may be silent before the log is looked at. */
  silenceMs: number;
}

export const CALL_LIMITS: CallLimits = {
  attemptMs: 3_000,
  totalMs: 10_000,
  appendsInFlight: 64,
  appendsWaiting: 16_384,
  silenceMs: 10_000,
};

/**
 * The world outside a process, behind ports: a simulation replaces these and nothing else.
 * Ports are abstract classes, so that each is its own injection token.
 */

/** Milliseconds since the Unix epoch, UTC. */
export type EpochMs = number;

export abstract class Clock {
  /** Wall-clock time. */
  abstract now(): EpochMs;
  /** Milliseconds of a clock that never jumps, for durations only. */
  abstract monotonicMs(): number;
}

/** In-memory timers: they die with the process. What must survive it is a durable timer of the runtime. */
export abstract class Timers {
  /** Calls `fire` once after `delayMs`; the returned function cancels it. Delays above 24.8 days are cut to that. */
  abstract after(delayMs: number, fire: () => void): () => void;
}

export abstract class Random {
  /** Cryptographically strong bytes. */
  abstract bytes(length: number): Buffer;
  /** A fresh random UUID. */
  abstract uuid(): string;
}

import { Clock, type EpochMs } from '../platform.port.js';

/** Stands still until it is moved; `VirtualTimers` move it to each timer they fire. */
export class VirtualClock extends Clock {
  private elapsedMs = 0;

  constructor(private readonly startMs: EpochMs = Date.UTC(2030, 0, 1)) {
    super();
  }

  now(): EpochMs {
    return this.startMs + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  moveTo(monotonicMs: number): void {
    this.elapsedMs = Math.max(this.elapsedMs, monotonicMs);
  }
}

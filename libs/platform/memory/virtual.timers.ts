import { Timers } from '../platform.port.js';
import type { VirtualClock } from './virtual.clock.js';

interface Timer {
  dueMs: number;
  fire: () => void;
}

/** Timers that fire when they are told to: the earliest first, equal ones in the order they were set. */
export class VirtualTimers extends Timers {
  private readonly pending = new Set<Timer>();

  constructor(private readonly clock: VirtualClock) {
    super();
  }

  after(delayMs: number, fire: () => void): () => void {
    const dueMs = this.clock.monotonicMs() + Math.max(0, delayMs);
    const timer = { dueMs, fire };
    this.pending.add(timer);
    return () => this.pending.delete(timer);
  }

  /** Due time of the earliest timer, on the monotonic clock. */
  nextDueMs(): number | undefined {
    return this.earliest()?.dueMs;
  }

  /** Moves the clock to the earliest timer and fires it; false when none is set. */
  fireNext(): boolean {
    const timer = this.earliest();
    if (!timer) return false;
    this.pending.delete(timer);
    this.clock.moveTo(timer.dueMs);
    timer.fire();
    return true;
  }

  /** Fires everything due within `ms`, including what that sets off, and leaves the clock at the end of it. */
  async advance(ms: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + ms;
    await settled();
    while ((this.nextDueMs() ?? Infinity) <= endMs) {
      this.fireNext();
      await settled();
    }
    this.clock.moveTo(endMs);
  }

  private earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.pending) {
      if (!earliest || timer.dueMs < earliest.dueMs) earliest = timer;
    }
    return earliest;
  }
}

/** Every microtask ran, and those they started. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

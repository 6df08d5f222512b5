import type { Timers } from '#platform';

interface Waiter {
  position: number;
  settle(reached: boolean): void;
}

/** Those who wait until the read models have seen a position of the log. */
export class PositionWaiters {
  private readonly waiting = new Set<Waiter>();
  private ended = false;

  constructor(private readonly timers: Timers) {}

  /** True once `reached` was called with this position or a later one; false after `timeoutMs`, or when it all ends. */
  wait(position: number, timeoutMs?: number): Promise<boolean> {
    if (this.ended) return Promise.resolve(false);
    return new Promise((resolve) => {
      const cancel =
        timeoutMs === undefined
          ? undefined
          : this.timers.after(timeoutMs, () => waiter.settle(false));
      const waiter: Waiter = {
        position,
        settle: (reached) => {
          cancel?.();
          this.waiting.delete(waiter);
          resolve(reached);
        },
      };
      this.waiting.add(waiter);
    });
  }

  reached(position: number): void {
    for (const waiter of this.waiting) if (waiter.position <= position) waiter.settle(true);
  }

  /** Nothing will be reached any more. */
  end(): void {
    this.ended = true;
    for (const waiter of this.waiting) waiter.settle(false);
  }
}

import { Injectable } from '@nestjs/common';
import type { PaymentIntentState } from '#domain';
import { Timers } from '#platform';

/** One caller's wait. */
interface Wait {
  /** The payment as it then was, or null when the time was up first. */
  readonly conclusion: Promise<PaymentIntentState | null>;
  /** Nobody is interested any more. */
  end(): void;
}

type Wake = (state: PaymentIntentState | null) => void;

/** Callers that wait for what they asked for to be concluded. In memory only: a caller that is lost asks again with its key. */
@Injectable()
export class Conclusions {
  private readonly waiting = new Map<string, Set<Wake>>();
  private closed = false;

  constructor(private readonly timers: Timers) {}

  /** `id`: of the operation; a payment's own id is that of the request that made it. */
  wait(id: string, waitMs: number): Wait {
    const waiters = this.waiting.get(id) ?? new Set<Wake>();
    this.waiting.set(id, waiters);
    let wake: Wake = () => {};
    const conclusion = new Promise<PaymentIntentState | null>((resolve) => {
      const cancel = this.timers.after(this.closed ? 0 : waitMs, () => wake(null));
      wake = (state) => {
        cancel();
        waiters.delete(wake);
        if (waiters.size === 0 && this.waiting.get(id) === waiters) this.waiting.delete(id);
        resolve(state);
      };
      waiters.add(wake);
    });
    return { conclusion, end: () => wake(null) };
  }

  concluded(id: string, state: PaymentIntentState): void {
    for (const wake of [...(this.waiting.get(id) ?? [])]) wake(state);
  }

  /** The process ends: nobody waits any longer, and nobody begins to. */
  close(): void {
    this.closed = true;
    for (const wake of [...this.waiting.values()].flatMap((waiters) => [...waiters])) wake(null);
  }
}

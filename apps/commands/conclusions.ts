import { Injectable } from '@nestjs/common';
import type { PaymentIntentState } from '#domain';
import { Timers } from '#platform';

/** One caller's wait. */
interface Wait {
  /** The payment as it then was; null when the time was up first, or when that has to be looked up. */
  readonly conclusion: Promise<PaymentIntentState | null>;
  /** Nobody is interested any more. */
  end(): void;
}

type Wake = (state: PaymentIntentState | null) => void;

interface Waiters {
  readonly payment: string;
  readonly wakes: Set<Wake>;
}

/** Callers that wait for what they asked for to be concluded. In memory only: a caller that is lost asks again with its key. */
@Injectable()
export class Conclusions {
  private readonly waiting = new Map<string, Waiters>();
  private closed = false;

  constructor(private readonly timers: Timers) {}

  /** `id`: of the operation; a payment's own id is that of the request that made it. `payment`: what it is about. */
  wait(id: string, payment: string, waitMs: number): Wait {
    const waiters = this.waiting.get(id) ?? { payment, wakes: new Set<Wake>() };
    this.waiting.set(id, waiters);
    let wake: Wake = () => {};
    const conclusion = new Promise<PaymentIntentState | null>((resolve) => {
      const cancel = this.timers.after(this.closed ? 0 : waitMs, () => wake(null));
      wake = (state) => {
        cancel();
        waiters.wakes.delete(wake);
        if (waiters.wakes.size === 0 && this.waiting.get(id) === waiters) this.waiting.delete(id);
        resolve(state);
      };
      waiters.wakes.add(wake);
    });
    return { conclusion, end: () => wake(null) };
  }

  /** `state`: null when whoever waits has to look for itself. */
  concluded(id: string, state: PaymentIntentState | null): void {
    for (const wake of [...(this.waiting.get(id)?.wakes ?? [])]) wake(state);
  }

  /** Whatever is asked of the payment waits for a human now, and nobody for that. */
  awaitsHuman(payment: string): void {
    for (const [id, waiters] of this.waiting)
      if (waiters.payment === payment) this.concluded(id, null);
  }

  /** The process ends: nobody waits any longer, and nobody begins to. */
  close(): void {
    this.closed = true;
    for (const id of [...this.waiting.keys()]) this.concluded(id, null);
  }
}

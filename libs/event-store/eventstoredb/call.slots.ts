import type { Timers } from '#platform';
import { CallError } from './call.error.js';

interface Waiting {
  go: () => void;
  giveUp: (reason: string) => void;
}

/** Lets only so many calls go on at once. The others wait in order. */
export class CallSlots {
  private readonly waiting = new Set<Waiting>();

  constructor(
    private readonly timers: Timers,
    private free: number,
    private readonly waitingMax: number,
  ) {}

  /** @throws CallError when it is not its turn for `timeMs`, or too many wait: nothing was sent; what `call` throws */
  async run<T>(timeMs: number, call: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await this.turn(timeMs);
    try {
      return await call();
    } finally {
      const [next] = this.waiting;
      if (next) next.go();
      else this.free++;
    }
  }

  /** Who still waits need not wait any more. */
  end(): void {
    for (const { giveUp } of this.waiting) giveUp('the event store is closed');
  }

  private turn(timeMs: number): Promise<void> {
    if (this.waiting.size >= this.waitingMax) {
      throw new CallError('no-slot', 'too many appends are waiting');
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.waiting.delete(waiting);
        cancel();
      };
      const waiting: Waiting = {
        go: () => (leave(), resolve()),
        giveUp: (reason) => (leave(), reject(new CallError('no-slot', reason))),
      };
      const cancel = this.timers.after(timeMs, () =>
        waiting.giveUp(`no turn within ${Math.ceil(timeMs)} ms`),
      );
      this.waiting.add(waiting);
    });
  }
}

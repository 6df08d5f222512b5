import type { Clock, Random, Timers } from '#platform';
import { jittered } from '../retry.delay.js';
import { failureOf, isPassing } from './call.failure.js';
import type { CallLimits } from './call.limits.js';

export interface CallPorts {
  clock: Clock;
  timers: Timers;
  random: Random;
}

/** The time of one call. */
export interface CallTime {
  /** Until no more tries are made. */
  leftMs(): number;
  /** For the try that begins now; 0 when that is too little for an answer, and would only leave a doubt. */
  attemptMs(): number;
}

const PAUSE_MS = { first: 25, longest: 1_000 } as const;

/** Tries a call again while another try may end otherwise and there is time for it. */
export class CallAttempts {
  private ended = false;

  constructor(
    private readonly ports: CallPorts,
    private readonly limits: Pick<CallLimits, 'attemptMs' | 'totalMs'>,
  ) {}

  /** @throws what the last try threw */
  async until<T>(attempt: (time: CallTime) => Promise<T>): Promise<T> {
    const { timers, random } = this.ports;
    const time = this.begin();
    for (
      let pauseMs: number = PAUSE_MS.first;
      ;
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest)
    ) {
      try {
        return await attempt(time);
      } catch (error) {
        const delayMs = jittered(pauseMs, random);
        const isLast = this.ended || time.leftMs() - delayMs < this.leastMs;
        if (isLast || !isPassing(failureOf(error))) throw error;
        await new Promise<void>((resolve) => void timers.after(delayMs, resolve));
        if (this.ended) throw error;
      }
    }
  }

  /** Tries that are under way are the last ones. */
  end(): void {
    this.ended = true;
  }

  private get leastMs(): number {
    return this.limits.attemptMs / 4;
  }

  private begin(): CallTime {
    const endMs = this.ports.clock.monotonicMs() + this.limits.totalMs;
    const leftMs = () => Math.max(0, endMs - this.ports.clock.monotonicMs());
    const attemptMs = () => {
      const timeMs = Math.min(this.limits.attemptMs, leftMs());
      return timeMs < this.leastMs ? 0 : timeMs;
    };
    return { leftMs, attemptMs };
  }
}

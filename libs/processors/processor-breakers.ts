import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleAll,
  type CircuitBreakerPolicy,
  type IBreaker,
} from 'cockatiel';
import type { Timers } from '#platform';
import type { HealthSign } from './health-sign.js';

export type Availability = 'closed' | 'open' | 'half_open';

export interface BreakerOptions {
  /** Consecutive failures that open the breaker; one is enough when nobody listens. */
  openAfterFailures: number;
  /** Wait before the first probe of an open breaker; doubles up to `probeAfterMaxMs`. */
  probeAfterMs: number;
  probeAfterMaxMs: number;
}

/**
 * Two circuit breakers over one processor: refused connections open at once, other failures after a few in a row. Money
 * is never the probe: only a harmless ping closes an open breaker.
 */
export class ProcessorBreakers {
  private readonly refused: CircuitBreakerPolicy;
  private readonly failing: CircuitBreakerPolicy;
  private probeDelayMs: number;
  private cancelProbe: (() => void) | undefined;
  private stopped = false;
  private changes = 0;

  constructor(
    private readonly options: BreakerOptions,
    private readonly timers: Timers,
    private readonly ping: () => Promise<void>,
  ) {
    this.refused = breakerOf(new ConsecutiveBreaker(1));
    this.failing = breakerOf(new ProbationBreaker(options.openAfterFailures));
    this.probeDelayMs = options.probeAfterMs;
    for (const breaker of [this.refused, this.failing]) {
      breaker.onBreak(() => this.opened());
      breaker.onReset(() => (this.changes += 1));
    }
  }

  availability(): Availability {
    const states = [this.refused.state, this.failing.state];
    if (states.every((state) => state === CircuitState.Closed)) return 'closed';
    return states.includes(CircuitState.HalfOpen) ? 'half_open' : 'open';
  }

  /** Taken when a call starts, so that its late failure is not held against a processor that recovered since. */
  get epoch(): number {
    return this.changes;
  }

  async record(sign: HealthSign, epoch: number): Promise<void> {
    if (this.availability() !== 'closed') return;
    if (sign === 'answered') {
      this.probeDelayMs = this.options.probeAfterMs;
      await this.failing.execute(() => undefined);
    } else if (sign !== 'neutral' && epoch === this.changes) {
      const breaker = sign === 'unreachable' ? this.refused : this.failing;
      await breaker.execute(() => Promise.reject(new Error(sign))).catch(() => undefined);
    }
  }

  stop(): void {
    this.stopped = true;
    this.cancelProbe?.();
  }

  private opened(): void {
    this.changes += 1;
    this.planProbe();
  }

  /** Replaces the probe that is planned, if any: one is enough for both breakers. */
  private planProbe(): void {
    if (this.stopped) return;
    this.cancelProbe?.();
    this.cancelProbe = this.timers.after(this.probeDelayMs, () => void this.probe());
  }

  private async probe(): Promise<void> {
    const broken = [this.refused, this.failing].filter(
      (each) => each.state !== CircuitState.Closed,
    );
    const moneyFailed = broken.includes(this.failing);
    const throughAll = broken.reduce(
      (inner, breaker) => () => breaker.execute(inner),
      () => this.ping(),
    );
    await throughAll().catch(() => undefined);
    const closed = this.availability() === 'closed';
    // A ping does not prove that money calls work again: until one does, the next probe comes later than this one.
    this.probeDelayMs =
      closed && !moneyFailed
        ? this.options.probeAfterMs
        : Math.min(this.probeDelayMs * 2, this.options.probeAfterMaxMs);
    if (!closed) this.planProbe();
  }
}

/** When to probe is decided by the Timers port, so the library's own waiting time is always over. */
const breakerOf = (breaker: IBreaker) =>
  circuitBreaker(handleAll, { halfOpenAfter: Number.NEGATIVE_INFINITY, breaker });

/** Opens after some failures in a row; closed by a probe, the first failure opens it again. */
class ProbationBreaker implements IBreaker {
  state = 0;

  constructor(private readonly failuresMax: number) {}

  success(state: CircuitState): void {
    this.state = state === CircuitState.HalfOpen ? this.failuresMax - 1 : 0;
  }

  failure(): boolean {
    this.state += 1;
    return this.state >= this.failuresMax;
  }
}

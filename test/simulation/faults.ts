import type { Kernel } from './kernel.js';

/** What the world does to the product. Probabilities per occasion; all of it ends when the world heals. */
export interface FaultPlan {
  /** Appends refused before, and appends whose answer is lost after. */
  appendRefused: number;
  appendDoubtful: number;
  /** Bus messages between processes: lost on the way there, on the way back, delivered twice. */
  requestLost: number;
  replyLost: number;
  delivered_twice: number;
  /** HTTP to processors and merchants. */
  httpRefused: number;
  httpRequestLost: number;
  httpAnswerLost: number;
  http500Before: number;
  http500After: number;
  /** An answer that cannot be read, or that names another amount than was asked for. */
  httpGarbled: number;
  /** How often, and how long at most, a request or an answer takes very long. */
  slow: number;
  slowMs: number;
  /** Notices of processors: never sent, and sent twice. */
  noticeLost: number;
  noticeTwice: number;
}

export const NO_FAULTS: FaultPlan = {
  appendRefused: 0,
  appendDoubtful: 0,
  requestLost: 0,
  replyLost: 0,
  delivered_twice: 0,
  httpRefused: 0,
  httpRequestLost: 0,
  httpAnswerLost: 0,
  http500Before: 0,
  http500After: 0,
  httpGarbled: 0,
  slow: 0,
  slowMs: 0,
  noticeLost: 0,
  noticeTwice: 0,
};

type Hop = 'store' | 'read' | 'feed' | 'bus' | 'http';

const USUAL_MS: Readonly<Record<Hop, number>> = { store: 4, read: 1, feed: 3, bus: 2, http: 25 };

/** Draws faults while they last. */
export class Faults {
  private healed = false;
  /** How often each fault struck. */
  readonly struck = new Map<string, number>();

  constructor(
    private readonly kernel: Kernel,
    readonly plan: FaultPlan,
  ) {}

  heal(): void {
    this.healed = true;
  }

  strikes(fault: Exclude<keyof FaultPlan, 'slowMs'>): boolean {
    const probability = this.plan[fault];
    if (this.healed || probability === 0 || !this.kernel.prng.chance(probability)) return false;
    this.struck.set(fault, (this.struck.get(fault) ?? 0) + 1);
    return true;
  }

  ofAppend(): 'not_applied' | 'answer_lost' | null {
    if (this.strikes('appendRefused')) return 'not_applied';
    return this.strikes('appendDoubtful') ? 'answer_lost' : null;
  }

  delayMs(hop: Hop): number {
    const usual = this.kernel.prng.below(USUAL_MS[hop] + 1);
    return hop === 'http' && this.strikes('slow')
      ? usual + this.kernel.prng.below(this.plan.slowMs)
      : usual;
  }
}

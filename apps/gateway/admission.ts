import { Injectable } from '@nestjs/common';
import { Clock, Timers } from '#platform';
import { ProblemException } from './problem.exception.js';

/** How often it is measured how late this process is. */
const TICK_MS = 10;
/** How many are let in per tick while it is at most so late. */
const PACES = [
  { lateMs: 5, admitted: 16 },
  { lateMs: 20, admitted: 4 },
  { lateMs: 50, admitted: 1 },
] as const;
/** One is let in after this time, however late it is. */
const AT_LEAST_EVERY_MS = 50;
const WAIT_MAX_MS = 5_000;
const WAITING_MAX = 2_000;
/** Without anybody for so long, it is not measured. */
const IDLE_AFTER_MS = 1_000;

interface Waiter {
  readonly sinceMs: number;
  readonly settle: (error?: Error) => void;
}

/**
 * The door for new payments: as wide as this process keeps up. One that is late has enough to do with the payments that it has
 * begun; more of them would make each take longer and none be done earlier. Who waits too long is told to come again, and nothing
 * of it is recorded.
 */
@Injectable()
export class Admission {
  private readonly waiting: Waiter[] = [];
  /** How many more are let in until the next tick. */
  private places: number = PACES[0].admitted;
  private lastMs = -Infinity;
  private ticking = false;

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
  ) {}

  /** Resolves when it is this one's turn. @throws ProblemException `overloaded` */
  async admit(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (!this.ticking) this.tick();
    if (this.waiting.length === 0 && this.places > 0) return this.letIn(nowMs);
    if (this.waiting.length >= WAITING_MAX) throw overloaded();
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error) => (error ? reject(error) : resolve());
      this.waiting.push({ sinceMs: nowMs, settle });
    });
  }

  private tick(): void {
    this.ticking = true;
    const dueMs = this.clock.monotonicMs() + TICK_MS;
    this.timers.after(TICK_MS, () => {
      const nowMs = this.clock.monotonicMs();
      this.open(nowMs, nowMs - dueMs);
      if (this.waiting.length > 0 || nowMs - this.lastMs < IDLE_AFTER_MS) this.tick();
      else this.ticking = false;
    });
  }

  private open(nowMs: number, lateMs: number): void {
    const pace = PACES.find((each) => lateMs <= each.lateMs);
    const isOverdue = nowMs - this.lastMs >= AT_LEAST_EVERY_MS;
    this.places = pace?.admitted ?? (isOverdue ? 1 : 0);
    while (this.waiting[0] && nowMs - this.waiting[0].sinceMs > WAIT_MAX_MS)
      this.waiting.shift()?.settle(overloaded());
    while (this.places > 0 && this.waiting.length > 0) {
      this.letIn(nowMs);
      this.waiting.shift()?.settle();
    }
  }

  private letIn(nowMs: number): void {
    this.places -= 1;
    this.lastMs = nowMs;
  }
}

function overloaded(): ProblemException {
  const detail = 'More payments are asked for than can be made now; nothing was recorded.';
  return new ProblemException('overloaded', detail, { moneyState: 'none' });
}

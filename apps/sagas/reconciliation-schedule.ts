import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import type { Messages, Reconciliation } from '#contracts';
import { type ReconciliationSummary, toRfc3339 } from '#domain';
import { Clock, Ending, type Members, Timers, Trouble, ownerOf } from '#platform';

/** Told of each comparison: metrics. */
export interface DifferenceCounts {
  countDifferences(processor: string, differences: { expected: number; unexpected: number }): void;
}

export interface ReconciliationPlan {
  /** How long each window is. They lie one after the other, from whole multiples of it on. */
  intervalMs: number;
  counts: DifferenceCounts;
}

/** How often it is looked whether a window is due, at least. */
const LOOK_EVERY_MS = 60_000;
/** A window is compared after a part of its length: what was in flight at its end has ended. */
const SETTLING_PART = 24;
const RUN_TIMEOUT_MS = 10 * 60_000;

/**
 * Has our books compared with each processor's, one window after the other, and records what that came to. The saga processes share
 * the processors out; while they disagree, a window may be compared twice, and is recorded once.
 */
@Injectable()
export class ReconciliationSchedule {
  private readonly ending = new Ending();
  private running: Promise<void> = Promise.resolve();
  /** What lasts is said once, by what it is about. */
  private readonly reported = new Map<string, string>();

  constructor(
    private readonly bus: Bus<Messages>,
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly trouble: Trouble,
  ) {}

  /** `members`: the processes that do this. */
  start(members: Pick<Members, 'self' | 'alive'>, plan: ReconciliationPlan): void {
    this.running = this.run(members, plan);
  }

  /** Does not wait for a comparison that is under way: it changes nothing, and is made again. */
  async stop(): Promise<void> {
    this.ending.end();
    await this.running;
  }

  private async run(
    members: Pick<Members, 'self' | 'alive'>,
    plan: ReconciliationPlan,
  ): Promise<void> {
    const everyMs = Math.min(LOOK_EVERY_MS, plan.intervalMs / SETTLING_PART);
    while (!this.ending.isOver) {
      await this.ending.or(this.look(members, plan));
      await this.pause(everyMs);
    }
  }

  private async look(
    { self, alive }: Pick<Members, 'self' | 'alive'>,
    plan: ReconciliationPlan,
  ): Promise<void> {
    try {
      const processors = await this.bus.request('effects.processors.facts', {});
      for (const { name } of processors)
        if (!this.ending.isOver && ownerOf(`reconciliation ${name}`, alive()) === self)
          await this.catchUp(name, plan);
      this.reported.delete('');
    } catch (error) {
      this.report('', 'nothing is reconciled for now', error);
    }
  }

  private async catchUp(processor: string, plan: ReconciliationPlan): Promise<void> {
    const { intervalMs } = plan;
    const asked = { processor };
    const { reachedMs, sinceMs } = await this.bus.request('queries.reconciliation.reached', asked);
    const begunMs = sinceMs === null ? null : Math.floor(sinceMs / intervalMs) * intervalMs;
    let fromMs = reachedMs ?? begunMs;
    const dueMs = this.clock.now() - intervalMs / SETTLING_PART;
    while (fromMs !== null && fromMs + intervalMs <= dueMs && !this.ending.isOver) {
      const toMs: number = fromMs + intervalMs;
      fromMs = (await this.reconcile(processor, { fromMs, toMs }, plan)) ? toMs : null;
    }
  }

  /** Whether the window is done with. */
  private async reconcile(
    processor: string,
    window: { fromMs: number; toMs: number },
    { counts }: ReconciliationPlan,
  ): Promise<boolean> {
    const asked = { processor, window, tenant: null, limit: 0 };
    const limit = { timeoutMs: RUN_TIMEOUT_MS };
    const report = await this.bus.request('effects.reconciliation.run', asked, limit);
    if (!report || this.ending.isOver) return false;
    if (report.failure !== null) {
      this.report(processor, `the books of ${processor} could not be read`, report.failure);
      return false;
    }
    this.reported.delete(processor);
    const summary = summaryOf(report);
    const to = summary.to;
    await this.bus.request('commands.processor_account.record', {
      ...{ commandId: `reconciliation/${processor}/${to}`, causationId: processor },
      ...{ correlationId: processor, tenant: '', traceparent: null },
      ...{ processor, summary },
    });
    const total = Object.values(report.counts).reduce((sum, count) => sum + count, 0);
    const { unexpected } = report;
    counts.countDifferences(processor, { expected: total - unexpected, unexpected });
    if (unexpected > 0) {
      const command = `bursar reconcile --processor ${processor} --from ${summary.from} --to ${to}`;
      const kinds = JSON.stringify(report.counts);
      this.trouble.report(`${unexpected} differences to look at, ${command}`, kinds);
    }
    return true;
  }

  private async pause(forMs: number): Promise<void> {
    let cancel = (): void => undefined;
    const over = new Promise<void>((resolve) => (cancel = this.timers.after(forMs, resolve)));
    await this.ending.or(over);
    cancel();
  }

  private report(about: string, message: string, error: unknown): void {
    if (this.reported.get(about) !== String(error)) this.trouble.report(message, error);
    this.reported.set(about, String(error));
  }
}

const summaryOf = ({
  processor,
  window: { fromMs, toMs },
  ours,
  theirs,
  counts,
  unexpected,
}: Reconciliation): ReconciliationSummary => ({
  processor,
  from: toRfc3339(fromMs),
  to: toRfc3339(toMs),
  ours,
  theirs: theirs ?? 0,
  differences: { ...counts },
  unexpected,
});

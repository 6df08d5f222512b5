import type { Random, Timers } from '#platform';
import type { LogFilter, LogPage, LogSubscription, Subscription } from './event-store.port.js';
import { jittered } from './retry.delay.js';

/** What a subscription reads from: the next page after a position, wherever that is kept. */
export interface LogSource {
  /** Where nothing follows yet, it may answer with a page that goes no further, or wait until there is one. */
  read(after: number, filter: LogFilter): LogPage | Promise<LogPage>;
  /** Position of the last event whose append was acknowledged. */
  head(): number | Promise<number>;
  /** Makes calls that wait reject: nobody wants their answer any more. */
  release?(): void;
}

const RETRY_MS = { first: 50, longest: 5_000 } as const;

/**
 * Follows a log. Its only state is a position, so there is no hand-over from catching up to live at which an event could
 * be lost or come twice, and nothing piles up behind a slow handler.
 */
export class LogFollower implements Subscription {
  private position = -1;
  private caughtUpAt = -1;
  private caughtUp = false;
  private stopped = false;
  /** Something was appended since the last read began. */
  private awake = false;
  private endIdle: (() => void) | undefined;
  private endDelay: (() => void) | undefined;
  private readonly ended: Promise<void>;

  constructor(
    private readonly source: LogSource,
    private readonly timers: Timers,
    private readonly options: LogSubscription,
    /** Where many followers must not come back to a server at the same instant. */
    private readonly random?: Random,
  ) {
    this.ended = this.follow(source.head());
  }

  /** Something was appended. */
  wake(): void {
    this.awake = true;
    this.endIdle?.();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.source.release?.();
    this.endIdle?.();
    this.endDelay?.();
    return this.ended;
  }

  private async follow(head: number | Promise<number>): Promise<void> {
    // The subscriber holds its subscription before the first call.
    await this.begin(head);
    while (!this.stopped) {
      this.reportCaughtUp();
      this.awake = false;
      const page = await this.untilItWorks(() =>
        this.source.read(this.position, this.options.filter ?? {}),
      );
      if (!page || this.stopped) return;
      await this.handOver(page);
      if (this.stopped) return;

      const moved = page.scannedTo > this.position;
      this.position = page.scannedTo;
      if (!moved && !this.awake) await this.idle();
    }
  }

  private async begin(first: number | Promise<number>): Promise<void> {
    let asked: number | Promise<number> | undefined = first;
    const ask = () => {
      const answer = asked ?? this.source.head();
      asked = undefined;
      return answer;
    };
    this.caughtUpAt = typeof first === 'number' ? first : ((await this.untilItWorks(ask)) ?? -1);
    this.position = this.options.after === 'end' ? this.caughtUpAt : this.options.after;
  }

  private async handOver({ events, scannedTo }: LogPage): Promise<void> {
    if (events.length > 0) {
      await this.untilItWorks(() => this.options.onEvents(events, scannedTo));
    } else if (scannedTo > this.position) {
      await this.untilItWorks(() => this.options.onScanned?.(scannedTo));
    }
  }

  private reportCaughtUp(): void {
    if (this.caughtUp || this.position < this.caughtUpAt) return;
    this.caughtUp = true;
    this.options.onCaughtUp?.();
  }

  private async untilItWorks<T>(action: () => T | Promise<T>): Promise<T | undefined> {
    let delayMs: number = RETRY_MS.first;
    while (!this.stopped) {
      try {
        return await action();
      } catch (reason) {
        if (this.stopped) return undefined;
        this.options.onDropped?.(reason);
        if (!this.stopped) await this.delay(delayMs);
        delayMs = Math.min(delayMs * 2, RETRY_MS.longest);
      }
    }
    return undefined;
  }

  private idle(): Promise<void> {
    return new Promise((resolve) => {
      this.endIdle = resolve;
    });
  }

  private delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const delayMs = this.random ? jittered(ms, this.random) : ms;
      const cancel = this.timers.after(delayMs, resolve);
      this.endDelay = () => {
        cancel();
        resolve();
      };
    });
  }
}

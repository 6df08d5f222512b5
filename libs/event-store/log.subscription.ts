import type { Timers } from '#platform';
import type { LogFilter, LogPage, LogSubscription, Subscription } from './event-store.port.js';

/** What a subscription reads from: the next page after a position, wherever that is kept. */
export interface LogSource {
  read(after: number, filter: LogFilter): LogPage | Promise<LogPage>;
  /** Position of the last event whose append was acknowledged. */
  head(): number;
}

const RETRY_MS = { first: 50, longest: 5_000 } as const;

/**
 * Follows a log. Its only state is a position, so there is no hand-over from catching up to live at which an event could
 * be lost or come twice, and nothing piles up behind a slow handler.
 */
export class LogFollower implements Subscription {
  private position: number;
  private readonly caughtUpAt: number;
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
  ) {
    this.caughtUpAt = source.head();
    this.position = options.after === 'end' ? this.caughtUpAt : options.after;
    this.ended = this.follow();
  }

  /** Something was appended. */
  wake(): void {
    this.awake = true;
    this.endIdle?.();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.endIdle?.();
    this.endDelay?.();
    return this.ended;
  }

  private async follow(): Promise<void> {
    // The subscriber holds its subscription before the first call.
    await Promise.resolve();
    while (!this.stopped) {
      this.awake = false;
      const page = await this.untilItWorks(() =>
        this.source.read(this.position, this.options.filter ?? {}),
      );
      if (!page || this.stopped) return;
      await this.handOver(page);
      if (this.stopped) return;

      const moved = page.scannedTo > this.position;
      this.position = page.scannedTo;
      this.reportCaughtUp();
      if (!moved && !this.awake) await this.idle();
    }
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
      const cancel = this.timers.after(ms, resolve);
      this.endDelay = () => {
        cancel();
        resolve();
      };
    });
  }
}

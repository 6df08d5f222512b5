import type { Timers } from '#platform';
import type { LogFilter, LogPage } from '../event-store.port.js';
import type { LogSource } from '../log.subscription.js';
import { matches } from '../read.options.js';
import { type FeedNews, LogFeed } from './log.feed.js';
import type { LogReader } from './log.reader.js';
import type { ServerRecord } from './record.source.js';
import { positionOf, toRecordedEvent } from './recorded-event.js';
import type { ServerConnection } from './server.connection.js';

/** How long what the log has may still be on its way before a silent subscription counts as dead. */
const GRACE_MS = 1_000;

/**
 * The log as a follower reads it: over a subscription of the server, which is opened where the follower is, and opened again
 * when it is over. What the subscription does not say, the log is asked for: what lies between the last event of interest
 * and the end, and whether silence means that there is nothing to say.
 */
export class SubscriptionSource implements LogSource {
  private feed: LogFeed | undefined;
  /** The log is to be looked at up to here. */
  private lookUpTo = -1;
  private giveUp: (reason: Error) => void = () => {};

  constructor(
    private readonly connection: ServerConnection,
    private readonly reader: LogReader,
    private readonly timers: Timers,
    private readonly silenceMs: number,
  ) {}

  head(): Promise<number> {
    return this.unlessReleased(this.reader.headPosition());
  }

  /** Waits until there is a page that goes further than `after`. @throws Error when the subscription is over */
  async read(after: number, filter: LogFilter): Promise<LogPage> {
    this.feed ??= new LogFeed(this.connection, after, filter, this.timers);
    try {
      return await this.unlessReleased(this.pageOf(this.feed, after, filter));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  release(): void {
    this.giveUp(new Error('the subscription was stopped'));
    this.close();
  }

  /** A race with a promise that lives as long as the subscription would be remembered as long. */
  private unlessReleased<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.giveUp = reject;
      work.then(resolve, reject);
    });
  }

  private close(): void {
    this.feed?.close();
    this.feed = undefined;
    this.lookUpTo = -1;
  }

  private async pageOf(feed: LogFeed, after: number, filter: LogFilter): Promise<LogPage> {
    let isSuspect = false;
    for (;;) {
      if (after < this.lookUpTo) {
        const page = await this.reader.readAll({ after, filter });
        if (page.scannedTo > after) return page;
        this.lookUpTo = -1;
      }
      const news = await feed.next(isSuspect ? Math.min(GRACE_MS, this.silenceMs) : this.silenceMs);
      if (news.kind === 'silence' && isSuspect) {
        throw new Error('the subscription does not bring what the log has');
      }
      isSuspect = false;
      const page = await this.pageFrom(news, after, filter);
      if (page === undefined || page.scannedTo <= after) continue;
      if (news.kind !== 'silence' || page.events.length === 0) return page;
      isSuspect = true;
    }
  }

  private async pageFrom(
    news: FeedNews,
    after: number,
    filter: LogFilter,
  ): Promise<LogPage | undefined> {
    switch (news.kind) {
      case 'records':
        return pageOfRecords(news.records, after, filter);
      case 'checkpoint':
        if (news.place <= after) return undefined;
        return { events: [], scannedTo: await this.reader.lastBefore(news.place) };
      case 'caught_up':
        this.lookUpTo = await this.reader.headPosition();
        return undefined;
      case 'silence':
        return this.reader.readAll({ after, filter });
    }
  }
}

function pageOfRecords(
  records: readonly ServerRecord[],
  after: number,
  filter: LogFilter,
): LogPage {
  const events = records
    // What was read from the log meanwhile comes again.
    .filter((record) => positionOf(record) > after)
    .flatMap((record) => toRecordedEvent(record) ?? [])
    .filter((event) => matches(filter, event));
  return { events, scannedTo: Math.max(after, ...records.map(positionOf)) };
}

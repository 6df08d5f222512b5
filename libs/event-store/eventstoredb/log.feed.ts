import {
  type AllStreamSubscription,
  type AllStreamResolvedEvent,
  type Filter,
  eventTypeFilter,
  streamNameFilter,
} from '@eventstore/db-client';
import type { Timers } from '#platform';
import type { LogFilter } from '../event-store.port.js';
import type { ServerRecord } from './record.source.js';
import { placeAt, safe } from './recorded-event.js';
import type { ServerConnection } from './server.connection.js';

/** What a subscription brings next. */
export type FeedNews =
  | { kind: 'records'; records: ServerRecord[] }
  /** Everything before this place in the log was looked at. No event need begin there. */
  | { kind: 'checkpoint'; place: number }
  | { kind: 'caught_up' }
  | { kind: 'silence' };

const BATCH_MAX = 500;
/** Records that are taken from the server before anybody asks for them. */
const BUFFERED_MAX = 100;
/** How many records the server looks at between two checkpoints. */
const WINDOW = 500;

/**
 * One subscription of the server for as long as it lasts. Records are taken from it when they are asked for; what is not
 * taken stays at the server. Error, end and close are the same to it: it is over.
 */
export class LogFeed {
  private readonly subscription: AllStreamSubscription;
  private checkpoint: number | undefined;
  private isCaughtUp = false;
  private over: Error | undefined;
  private wake = (): void => {};

  constructor(
    { client, credentials }: ServerConnection,
    after: number,
    filter: LogFilter,
    private readonly timers: Timers,
  ) {
    this.subscription = client.subscribeToAll(
      {
        fromPosition: after < 0 ? 'start' : placeAt(after),
        // The client waits for this, and a rejection ends the process.
        filter: serverFilter(filter, async (_, { commit }) => {
          this.checkpoint = safe(commit);
          this.wake();
        }),
        credentials,
      },
      { highWaterMark: BUFFERED_MAX },
    );
    this.subscription.on('caughtUp', () => {
      this.isCaughtUp = true;
      this.wake();
    });
    this.subscription.on('readable', () => this.wake());
    this.subscription.on('error', (error: Error) => this.end(error));
    for (const ending of ['end', 'close'] as const) {
      this.subscription.on(ending, () => this.end(new Error('the server ended the subscription')));
    }
  }

  /** @throws Error when the subscription is over and everything of it was taken */
  async next(waitMs: number): Promise<FeedNews> {
    for (;;) {
      const news = this.take();
      if (news) return news;
      if (this.over) throw this.over;
      if (!(await this.somethingWithin(waitMs))) return { kind: 'silence' };
    }
  }

  close(): void {
    this.end(new Error('the subscription was stopped'));
    this.subscription.unsubscribe().catch(() => {});
    this.subscription.destroy();
  }

  private take(): FeedNews | undefined {
    const records: ServerRecord[] = [];
    while (records.length < BATCH_MAX) {
      const resolved = this.subscription.read() as AllStreamResolvedEvent | null;
      if (resolved === null) break;
      if (resolved.event) records.push(resolved.event);
    }
    if (records.length > 0) return { kind: 'records', records };
    if (this.checkpoint !== undefined) {
      // It came after everything that was taken so far, and nothing is left to be taken.
      const place = this.checkpoint;
      this.checkpoint = undefined;
      return { kind: 'checkpoint', place };
    }
    if (!this.isCaughtUp) return undefined;
    this.isCaughtUp = false;
    return { kind: 'caught_up' };
  }

  private somethingWithin(waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.timers.after(waitMs, () => resolve(false));
      this.wake = () => {
        cancel();
        resolve(true);
      };
    });
  }

  private end(reason: Error): void {
    this.over ??= reason;
    this.wake();
  }
}

/**
 * What the server can leave out. It compares one kind of name, and by the beginning; the rest is left to whoever takes the
 * records. Its own streams are always left out, and a subscription without a filter has no checkpoints.
 */
function serverFilter(
  { streamPrefixes = [], types = [] }: LogFilter,
  checkpointReached: Filter['checkpointReached'],
): Filter {
  const window = { maxSearchWindow: WINDOW, checkpointReached };
  if (streamPrefixes.length > 0)
    return streamNameFilter({ prefixes: [...streamPrefixes], ...window });
  if (types.length > 0) return eventTypeFilter({ prefixes: [...types], ...window });
  return streamNameFilter({ regex: '^[^$]', ...window });
}

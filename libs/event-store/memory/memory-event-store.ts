import type { Clock, Timers } from '#platform';
import { checkStreamName, encodeAppend } from '../append.encoding.js';
import { judgeAppend } from '../append.rule.js';
import {
  type Appended,
  ConcurrencyError,
  EventStore,
  type Expected,
  type LogPage,
  type LogRead,
  type LogSubscription,
  type NewEvent,
  type RecordedEvent,
  StoreUnavailableError,
  StreamDeletedError,
  StreamNotFoundError,
  type StreamRead,
  type Subscription,
} from '../event-store.port.js';
import { LogFollower } from '../log.subscription.js';
import { checkedLogRead, checkedStreamRead, matches } from '../read.options.js';
import { MemoryLog } from './memory-log.js';

export interface MemoryEventStoreOptions {
  clock: Clock;
  /** Only for the delay before a handler that failed is called again. */
  timers: Timers;
  /** A log of an earlier store, to restart on. */
  log?: MemoryLog;
}

/** The log for tests and simulation: an append is durable at once and answered in a later microtask. */
export class MemoryEventStore extends EventStore {
  /** What would survive the process. */
  readonly log: MemoryLog;
  private readonly followers = new Set<LogFollower>();
  private closed = false;

  constructor(private readonly options: MemoryEventStoreOptions) {
    super();
    this.log = options.log ?? new MemoryLog();
  }

  async append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
    const encoded = encodeAppend(stream, expected, events);
    this.assertOpen();
    const target = this.log.stream(stream);
    const verdict = judgeAppend(
      { head: target.events.length - 1, status: target.status },
      expected,
      encoded.map(({ id }) => id),
      (revision) => target.events[revision]?.id,
    );
    if (verdict.kind === 'deleted') throw new StreamDeletedError(stream);
    if (verdict.kind === 'conflict') throw new ConcurrencyError(stream, expected, verdict.actual);
    if (verdict.kind === 'append') {
      const now = this.options.clock.now();
      for (const event of encoded) this.log.add(stream, event, now);
      target.status = 'live';
      for (const follower of this.followers) follower.wake();
    }
    const lastRevision =
      verdict.kind === 'repeat' ? verdict.lastRevision : target.events.length - 1;
    return { lastRevision, lastPosition: target.events[lastRevision]?.position ?? -1 };
  }

  async readStream(stream: string, options: StreamRead = {}): Promise<RecordedEvent[]> {
    this.assertOpen();
    const { direction, from, limit } = checkedStreamRead(options);
    const { events, status, truncatedBefore } = this.log.stream(stream);
    if (status === 'tombstoned') throw new StreamDeletedError(stream);
    if (status === 'soft_deleted' || events.length === 0) throw new StreamNotFoundError(stream);
    return direction === 'forward'
      ? events.slice(Math.max(from, truncatedBefore)).slice(0, limit)
      : events
          .slice(truncatedBefore, from + 1)
          .reverse()
          .slice(0, limit);
  }

  async readAll(options: LogRead): Promise<LogPage> {
    this.assertOpen();
    return this.page(options);
  }

  async headPosition(): Promise<number> {
    this.assertOpen();
    return this.log.head;
  }

  subscribe(options: LogSubscription): Subscription {
    this.assertOpen();
    if (options.after !== 'end') this.log.assertGivenOut(options.after);
    const source = {
      read: (after: number, filter: LogRead['filter']) => this.page({ after, filter }),
      head: () => this.log.head,
    };
    const follower = new LogFollower(source, this.options.timers, options);
    this.followers.add(follower);
    return {
      stop: async () => {
        this.followers.delete(follower);
        await follower.stop();
      },
    };
  }

  async truncateBefore(stream: string, revision: number): Promise<void> {
    const target = this.writable(stream);
    target.truncatedBefore = Math.max(target.truncatedBefore, revision);
  }

  async softDelete(stream: string): Promise<void> {
    const target = this.writable(stream);
    target.status = 'soft_deleted';
    target.truncatedBefore = target.events.length;
  }

  async tombstone(stream: string): Promise<void> {
    this.writable(stream).status = 'tombstoned';
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.followers].map((follower) => follower.stop()));
  }

  private page(options: LogRead): LogPage {
    const { after, limit, filter = {} } = checkedLogRead(options);
    this.log.assertGivenOut(after);
    const events: RecordedEvent[] = [];
    let scannedTo = after;
    for (let index = this.log.indexAfter(after); events.length < limit; index++) {
      const event = this.log.events[index];
      if (!event) break;
      scannedTo = event.position;
      if (matches(filter, event)) events.push(event);
    }
    return { events, scannedTo };
  }

  private writable(stream: string) {
    checkStreamName(stream);
    this.assertOpen();
    const target = this.log.stream(stream);
    if (target.status === 'tombstoned') throw new StreamDeletedError(stream);
    return target;
  }

  private assertOpen(): void {
    if (this.closed) throw new StoreUnavailableError('not_applied', 'the event store is closed');
  }
}

import { checkStreamName, encodeAppend, encodedBytes } from '../append.encoding.js';
import {
  type Appended,
  EventStore,
  type Expected,
  type LogPage,
  type LogRead,
  type LogSubscription,
  type NewEvent,
  type RecordedEvent,
  StoreUnavailableError,
  type StreamRead,
  type Subscription,
} from '../event-store.port.js';
import { LogFollower } from '../log.subscription.js';
import { checkedLogRead } from '../read.options.js';
import { CallAttempts, type CallPorts } from './call.attempts.js';
import { answerWithin } from './call.deadline.js';
import { CALL_LIMITS, type CallLimits } from './call.limits.js';
import { CallSlots } from './call.slots.js';
import { LogAppender } from './log.appender.js';
import { LogReader } from './log.reader.js';
import { RecordSource } from './record.source.js';
import { connectionTo, type ServerConnection } from './server.connection.js';
import { StreamMarks } from './stream.marks.js';
import { SubscriptionSource } from './subscription.source.js';

export interface EventStoreDbEventStoreOptions extends CallPorts {
  /** `esdb://user:password@host:2113`, or several hosts, or `esdb+discover://…`; the user must be allowed to read `$all`. */
  url: string;
  limits?: Partial<CallLimits>;
  /** Told of each append that was acknowledged. Shaped as for the embedded store, which commits several at once. */
  onCommit?: (commit: { appends: number; events: number; size: number }) => void;
}

const DISPOSAL_MS = 1_000;

/**
 * The log in EventStoreDB, 22.6 or later. Following and everything else have a client each: subscriptions are calls that never
 * end, and a connection has room for a hundred.
 */
export class EventStoreDbEventStore extends EventStore {
  private readonly limits: CallLimits;
  private readonly attempts: CallAttempts;
  private readonly slots: CallSlots;
  private readonly calls: ServerConnection;
  private readonly following: ServerConnection;
  private readonly reader: LogReader;
  private readonly followersReader: LogReader;
  private readonly appender: LogAppender;
  private readonly marks: StreamMarks;
  private readonly followers = new Set<LogFollower>();
  private readonly inFlight = new Set<Promise<unknown>>();
  private closing: Promise<void> | undefined;

  /** Connects with the first call. @throws TypeError, Error for a connection string that is of no use */
  constructor(private readonly options: EventStoreDbEventStoreOptions) {
    super();
    const { url, timers } = options;
    this.limits = { ...CALL_LIMITS, ...options.limits };
    this.calls = connectionTo(url);
    this.following = connectionTo(url);
    this.attempts = new CallAttempts(options, this.limits);
    this.slots = new CallSlots(timers, this.limits.appendsInFlight, this.limits.appendsWaiting);
    const records = new RecordSource(this.calls, timers);
    this.reader = new LogReader(records, this.attempts);
    this.followersReader = new LogReader(new RecordSource(this.following, timers), this.attempts);
    this.appender = new LogAppender(this.calls, records, timers, this.attempts, this.slots);
    this.marks = new StreamMarks(this.calls, records, options, this.attempts);
  }

  async append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
    const encoded = encodeAppend(stream, expected, events);
    const appended = await this.finished(() => this.appender.append(stream, expected, encoded));
    this.options.onCommit?.({ appends: 1, events: events.length, size: encodedBytes(encoded) });
    return appended;
  }

  async readStream(stream: string, options: StreamRead = {}): Promise<RecordedEvent[]> {
    this.assertOpen();
    return this.reader.readStream(stream, options);
  }

  async readAll(options: LogRead): Promise<LogPage> {
    this.assertOpen();
    return this.reader.readAll(options);
  }

  async headPosition(): Promise<number> {
    this.assertOpen();
    return this.reader.headPosition();
  }

  subscribe(options: LogSubscription): Subscription {
    this.assertOpen();
    if (options.after !== 'end') checkedLogRead({ after: options.after });
    const { timers, random } = this.options;
    const source = new SubscriptionSource(
      this.following,
      this.followersReader,
      timers,
      this.limits.silenceMs,
    );
    const follower = new LogFollower(source, timers, options, random);
    this.followers.add(follower);
    return {
      stop: async () => {
        this.followers.delete(follower);
        await follower.stop();
      },
    };
  }

  async truncateBefore(stream: string, revision: number): Promise<void> {
    checkStreamName(stream);
    await this.finished(() => this.marks.truncateBefore(stream, revision));
  }

  async softDelete(stream: string): Promise<void> {
    checkStreamName(stream);
    await this.finished(() => this.marks.softDelete(stream));
  }

  async tombstone(stream: string): Promise<void> {
    checkStreamName(stream);
    await this.finished(() => this.marks.tombstone(stream));
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    this.attempts.end();
    await Promise.all([
      this.within(this.limits.attemptMs, Promise.allSettled(this.inFlight)),
      ...[...this.followers].map((follower) => follower.stop()),
    ]);
    this.slots.end();
    const disposed = [this.calls, this.following].map(({ client }) => client.dispose());
    await this.within(DISPOSAL_MS, Promise.allSettled(disposed));
  }

  /** Whoever closes the store does not wait longer. */
  private async within(timeMs: number, work: Promise<unknown>): Promise<void> {
    await answerWithin(this.options.timers, timeMs, work).catch(() => {});
  }

  private async finished<T>(call: () => Promise<T>): Promise<T> {
    this.assertOpen();
    const running = call();
    this.inFlight.add(running);
    try {
      return await running;
    } finally {
      this.inFlight.delete(running);
    }
  }

  private assertOpen(): void {
    if (this.closing) throw new StoreUnavailableError('not_applied', 'the event store is closed');
  }
}

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
} from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import type { Kernel, Life } from './kernel.js';
import type { Faults } from './faults.js';

/**
 * The store as one life of a process sees it. An append is on its way, becomes durable, and is answered: three instants, and a
 * crash or a fault may fall between any two of them. What was not durable when its process died may be lost.
 */
export class SimStore extends EventStore {
  constructor(
    protected readonly kernel: Kernel,
    protected readonly life: Life,
    /** What every process writes to and reads from. */
    protected readonly shared: MemoryEventStore,
    protected readonly faults: Faults,
  ) {
    super();
  }

  append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
    const { kernel, life, faults } = this;
    const fault = faults.ofAppend();
    return new Promise((resolve, reject) => {
      const answer = (label: string, settle: () => void) =>
        void kernel.schedule(faults.delayMs('store'), `${label} ${stream}`, life, settle);
      if (fault === 'not_applied') {
        answer('append refused', () => reject(new StoreUnavailableError('not_applied', 'fault')));
        return;
      }
      kernel.schedule(faults.delayMs('store'), `append ${stream}`, null, () => {
        // In flight when its process died: it may have got there, or not.
        if (!life.alive && !this.arrives()) return;
        this.write(stream, expected, events).then(
          (appended) =>
            fault === 'answer_lost'
              ? answer('append doubtful', () =>
                  reject(new StoreUnavailableError('unknown', 'fault')),
                )
              : answer('appended', () => resolve(appended)),
          (error: Error) => answer('append failed', () => reject(error)),
        );
      });
    });
  }

  /** Whether an append that outlives its process becomes durable. */
  protected arrives(): boolean {
    return this.kernel.prng.chance(0.5);
  }

  protected write(
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
  ): Promise<Appended> {
    return this.shared.append(stream, expected, events);
  }

  async readStream(stream: string, options?: StreamRead): Promise<RecordedEvent[]> {
    await this.kernel.sleep(this.faults.delayMs('read'), `read ${stream}`, this.life);
    return this.shared.readStream(stream, options);
  }

  async readAll(options: LogRead): Promise<LogPage> {
    await this.kernel.sleep(this.faults.delayMs('read'), 'read log', this.life);
    return this.shared.readAll(options);
  }

  async headPosition(): Promise<number> {
    await this.kernel.sleep(this.faults.delayMs('read'), 'read head', this.life);
    return this.shared.headPosition();
  }

  subscribe(options: LogSubscription): Subscription {
    const { kernel, life, faults } = this;
    const subscription = this.shared.subscribe({
      ...options,
      onEvents: async (events, scannedTo) => {
        await kernel.sleep(faults.delayMs('feed'), 'feed', life);
        await options.onEvents(events, scannedTo);
      },
      onScanned: (scannedTo) => {
        if (life.alive) options.onScanned?.(scannedTo);
      },
    });
    this.subscriptions.push(subscription);
    return subscription;
  }

  private readonly subscriptions: Subscription[] = [];

  /** The process is gone; the store notices. */
  forget(): void {
    for (const subscription of this.subscriptions) void subscription.stop();
  }

  truncateBefore(): Promise<void> {
    throw new Error('never used by the product');
  }

  softDelete(): Promise<void> {
    throw new Error('never used by the product');
  }

  tombstone(): Promise<void> {
    throw new Error('never used by the product');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

import type { EventStore, RecordedEvent, Subscription } from '#event-store';
import type { Clock, Timers } from '#platform';
import { Progress, START } from './checkpoint.js';
import { Delivery, type DeliveryFeed } from './delivery.js';
import type { SagaStore } from './saga-store.port.js';

export interface SagaLimits {
  /** Deliveries open at once; above it the log is not read on. */
  openMax: number;
  /** Failures of one delivery, outages not counted, before it is parked. */
  triesMax: number;
  retryFirstMs: number;
  retryMaxMs: number;
  /** How long acknowledgements may wait before the checkpoint is stored. */
  checkpointEveryMs: number;
}

const LIMITS: SagaLimits = {
  openMax: 10_000,
  triesMax: 8,
  retryFirstMs: 50,
  retryMaxMs: 5_000,
  checkpointEveryMs: 100,
};

export interface ParkedDelivery {
  event: RecordedEvent;
  error: string;
  tries: number;
}

export interface SagaPorts {
  store: EventStore;
  sagaStore: SagaStore;
  clock: Clock;
  timers: Timers;
  /** Hands a delivery to the sagas, synchronously. */
  publish: (delivery: Delivery) => void;
  /** Makes a delivery that failed again and again durable for a human. Rejects when it could not. */
  park: (parked: ParkedDelivery) => Promise<void>;
  /** Whether a failure says only that a store or a bus is away: such a delivery waits and is never parked. */
  isOutage: (error: unknown) => boolean;
  onTrouble: (message: string, error: unknown) => void;
}

interface Work {
  event: RecordedEvent;
  kind: Delivery['kind'];
  redelivered: boolean;
  tries: number;
  /** Tries that failed, outages not counted. */
  failures: number;
  done: () => void;
}

/**
 * LogFeed: follows the log and feeds the CQRS event bus. Deliveries of one stream go one at a time and in order, those of
 * different streams side by side.
 */
export class SagaRuntime implements DeliveryFeed {
  private readonly limits: SagaLimits;
  private readonly lanes = new Map<string, Work[]>();
  private progress = new Progress(START);
  private subscription: Subscription | undefined;
  private roomWaiters: (() => void)[] = [];
  private cancelTimer: (() => void) | undefined;
  private armedForMs = Infinity;
  private checkpointPending = false;
  private readonly firing = new Set<string>();
  private redeliveredUpTo = -1;
  private stopped = false;

  constructor(
    private readonly ports: SagaPorts,
    limits: Partial<SagaLimits> = {},
  ) {
    this.limits = { ...LIMITS, ...limits };
  }

  async start(filter: { streamPrefixes: readonly string[] }): Promise<void> {
    // Whatever is in the log before this moment may have been acted on in an earlier life.
    this.redeliveredUpTo = await this.ports.store.headPosition();
    const checkpoint = this.ports.sagaStore.loadCheckpoint();
    this.progress = new Progress(checkpoint);
    this.subscription = this.ports.store.subscribe({
      after: checkpoint.low,
      filter,
      onEvents: (events, scannedTo) => this.receive(events, scannedTo),
      onScanned: (scannedTo) => this.progress.scanned(scannedTo),
      onDropped: (reason) => this.ports.onTrouble('the log was lost for a while', reason),
    });
    this.arm(this.ports.sagaStore.nextDueAfter(-1));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    for (const wake of this.roomWaiters.splice(0)) wake();
    await this.subscription?.stop();
    this.saveCheckpoint();
  }

  /** Figures for metrics. */
  get open(): number {
    return this.progress.openCount;
  }

  /** Delivers a recorded event once more, outside the checkpoint: an operator's retry of what was parked. */
  redeliver(event: RecordedEvent, done: () => void): void {
    this.enqueue({ event, kind: 'recorded', redelivered: true, tries: 0, failures: 0, done });
  }

  /** Stores a delivery for later; durable when it returns. */
  schedule(event: RecordedEvent, dueAtMs: number): void {
    this.ports.sagaStore.addTimer({ event, dueAtMs });
    this.arm(dueAtMs);
  }

  private async receive(events: RecordedEvent[], scannedTo: number): Promise<void> {
    for (const event of events) {
      while (this.progress.openCount >= this.limits.openMax && !this.stopped)
        await new Promise<void>((resolve) => this.roomWaiters.push(resolve));
      if (this.stopped) return;
      if (!this.progress.begin(event.position)) continue;
      this.enqueue({
        event,
        kind: 'recorded',
        redelivered: event.position <= this.redeliveredUpTo,
        tries: 0,
        failures: 0,
        done: () => this.acknowledged(event.position),
      });
    }
    this.progress.scanned(scannedTo);
  }

  private acknowledged(position: number): void {
    this.progress.acknowledge(position);
    this.roomWaiters.shift()?.();
    this.saveCheckpointSoon();
  }

  private enqueue(work: Work): void {
    const lane = this.lanes.get(work.event.stream);
    if (lane) {
      lane.push(work);
      return;
    }
    const fresh = [work];
    this.lanes.set(work.event.stream, fresh);
    this.deliver(fresh);
  }

  /** Delivers what is first in the lane, and goes on past what no saga answers to. */
  private deliver(lane: Work[]): void {
    for (let work = lane[0]; work && !this.stopped; work = lane[0]) {
      if (this.handOver(work, lane)) return;
      this.finish(work, lane);
    }
  }

  /** True when a saga answers to the delivery: the lane goes on when that is settled. */
  private handOver(work: Work, lane: Work[]): boolean {
    let settled = false;
    const settle = (error?: unknown) => {
      if (settled) return;
      settled = true;
      if (error === undefined) this.next(work, lane);
      else this.retry(work, lane, error);
    };
    work.tries += 1;
    const redelivered = work.redelivered || work.tries > 1;
    const delivery = new Delivery(work.event, work.kind, redelivered, settle, this);
    this.ports.publish(delivery);
    return delivery.isClaimed;
  }

  private next(work: Work, lane: Work[]): void {
    this.finish(work, lane);
    this.deliver(lane);
  }

  private finish(work: Work, lane: Work[]): void {
    work.done();
    lane.shift();
    if (lane.length === 0) this.lanes.delete(work.event.stream);
  }

  private retry(work: Work, lane: Work[], error: unknown): void {
    if (this.stopped) return;
    const outage = this.ports.isOutage(error);
    const { event, tries } = work;
    if (!outage) {
      work.failures += 1;
      this.ports.onTrouble(`${event.type} of ${event.stream} failed, try ${tries}`, error);
      if (work.failures >= this.limits.triesMax) {
        void this.parkAndGoOn(work, lane, error);
        return;
      }
    }
    const delayMs = Math.min(
      this.limits.retryFirstMs * 2 ** Math.min(tries - 1, 20),
      this.limits.retryMaxMs,
    );
    this.ports.timers.after(delayMs, () => this.deliver(lane));
  }

  /** Parked durably first, and only then out of the way. */
  private async parkAndGoOn(work: Work, lane: Work[], error: unknown): Promise<void> {
    const { event, tries } = work;
    try {
      await this.ports.park({ event, tries, error: String(error) });
      this.next(work, lane);
    } catch (parkingError) {
      this.ports.onTrouble(`${event.type} of ${event.stream} could not be parked`, parkingError);
      this.ports.timers.after(this.limits.retryMaxMs, () => {
        if (!this.stopped) void this.parkAndGoOn(work, lane, error);
      });
    }
  }

  private saveCheckpointSoon(): void {
    if (this.checkpointPending || this.stopped) return;
    this.checkpointPending = true;
    this.ports.timers.after(this.limits.checkpointEveryMs, () => {
      this.checkpointPending = false;
      if (!this.stopped) this.saveCheckpoint();
    });
  }

  private saveCheckpoint(): void {
    try {
      this.ports.sagaStore.saveCheckpoint(this.progress.checkpoint());
    } catch (error) {
      // An old checkpoint only means that more is delivered again.
      this.ports.onTrouble('the checkpoint could not be stored', error);
      this.saveCheckpointSoon();
    }
  }

  /** Sets the alarm for `dueAtMs` unless it is set for something earlier. */
  private arm(dueAtMs: number | null): void {
    if (this.stopped || dueAtMs === null || dueAtMs >= this.armedForMs) return;
    this.cancelTimer?.();
    this.armedForMs = dueAtMs;
    const delayMs = Math.max(0, dueAtMs - this.ports.clock.now());
    this.cancelTimer = this.ports.timers.after(delayMs, () => this.fire());
  }

  private fire(): void {
    this.armedForMs = Infinity;
    const nowMs = this.ports.clock.now();
    try {
      this.fireDue(nowMs);
    } catch (error) {
      this.ports.onTrouble('the timers could not be read', error);
      this.arm(nowMs + this.limits.retryMaxMs);
    }
  }

  private fireDue(nowMs: number): void {
    const { sagaStore } = this.ports;
    for (const { event } of sagaStore.timersDueBy(nowMs)) {
      if (this.firing.has(event.id)) continue;
      this.firing.add(event.id);
      this.enqueue({
        event,
        kind: 'due',
        redelivered: true,
        tries: 0,
        failures: 0,
        done: () => this.fired(event.id),
      });
    }
    this.arm(sagaStore.nextDueAfter(nowMs));
  }

  private fired(eventId: string): void {
    this.firing.delete(eventId);
    // What is remembered may be closed by now, or somebody else's.
    if (this.stopped) return;
    try {
      this.ports.sagaStore.removeTimer(eventId);
    } catch (error) {
      // It fires again, and the stream knows that it did before.
      this.ports.onTrouble('a timer could not be removed', error);
    }
  }
}

import { Command, type ICommandHandler } from '@nestjs/cqrs';
import type { RecordedEvent } from '#event-store';
import { type Observable, filter } from 'rxjs';

/** Where deliveries come from. */
export interface DeliveryFeed {
  schedule(event: RecordedEvent, dueAtMs: number): void;
  redeliver(event: RecordedEvent, done: () => void): void;
}

/**
 * An event on its way through the sagas: as `recorded` once it is in the log, as `due` when the time it names has come.
 * At least once: a delivery that is neither acknowledged nor refused comes again after a restart.
 */
export class Delivery {
  private claimed = false;

  constructor(
    readonly event: RecordedEvent,
    readonly kind: 'recorded' | 'due',
    /** False only when nobody can have acted on this event before: not another process, not an earlier life of this one. */
    readonly redelivered: boolean,
    private readonly settle: (error?: unknown) => void,
    private readonly feed: DeliveryFeed,
  ) {}

  /** The event comes again, as `due`, at that time. Durable no later than this delivery's acknowledgement. May throw. */
  again(dueAtMs: number): void {
    this.feed.schedule(this.event, dueAtMs);
  }

  /** Delivers another recorded event once more; resolves when that is acknowledged. */
  redeliver(event: RecordedEvent): Promise<void> {
    return new Promise((resolve) => this.feed.redeliver(event, resolve));
  }

  /** A saga answers to this delivery; otherwise it counts as handled as soon as all sagas have seen it. */
  claim(): void {
    this.claimed = true;
  }

  get isClaimed(): boolean {
    return this.claimed;
  }

  acknowledge(): void {
    this.settle();
  }

  refuse(error: unknown): void {
    this.settle(error ?? new Error('refused without a reason'));
  }
}

/** The one shape of a command that a saga sends: the delivery that caused it. */
export abstract class DeliveryCommand extends Command<void> {
  constructor(readonly delivery: Delivery) {
    super();
    delivery.claim();
  }
}

/** Acknowledges after the work is done, never before; whatever goes wrong comes back to the runtime, which tries again. */
export abstract class DeliveryHandler implements ICommandHandler<DeliveryCommand> {
  async execute({ delivery }: DeliveryCommand): Promise<void> {
    try {
      await this.handle(delivery);
      delivery.acknowledge();
    } catch (error) {
      delivery.refuse(error);
    }
  }

  protected abstract handle(delivery: Delivery): Promise<void>;
}

/** Keeps the deliveries of some event types. All that a saga does besides `map`, so that it cannot throw. */
export function ofDelivery(kind: Delivery['kind'], ...types: string[]) {
  return (source: Observable<unknown>): Observable<Delivery> =>
    source.pipe(
      filter(
        (message): message is Delivery =>
          message instanceof Delivery &&
          message.kind === kind &&
          types.includes(message.event.type),
      ),
    );
}

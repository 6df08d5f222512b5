import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import { EventStore, readWholeStream } from '#event-store';
import { type Delivery, DeliveryHandler } from '#runtime';
import { causedBy } from './caused.js';
import { RetryParked } from './payment-lifecycle.commands.js';

/** An operator wants a parked delivery tried again: it is read from its stream and delivered once more. */
@CommandHandler(RetryParked)
export class RetryParkedHandler extends DeliveryHandler {
  constructor(
    private readonly store: EventStore,
    private readonly bus: Bus<Messages>,
  ) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    const { event } = delivery;
    const { event: id, stream } = event.data as { event: string; stream: string };
    for await (const parked of readWholeStream(this.store, stream)) {
      if (parked.id !== id) continue;
      await delivery.redeliver(parked);
      await this.bus.request('commands.parked.resolve', {
        ...causedBy(event, 'resolve'),
        event: id,
      });
      return;
    }
  }
}

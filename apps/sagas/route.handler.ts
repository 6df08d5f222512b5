import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import type { PaymentIntentEventData } from '#domain';
import { type Delivery, DeliveryHandler } from '#runtime';
import { causedBy, idOfStream, payerOf } from './caused.js';
import { RouteAttempt } from './payment-lifecycle.commands.js';
import { Sender } from './sender.js';

/** An attempt is due: at whichever processor can take it now, if the agent still may pay. */
@CommandHandler(RouteAttempt)
export class RouteAttemptHandler extends DeliveryHandler {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly sender: Sender,
  ) {
    super();
  }

  protected override async handle({ event }: Delivery): Promise<void> {
    const requested = event.data as unknown as PaymentIntentEventData<'RouteRequested'>;
    const processors = await this.bus.request('effects.processors.facts', {});
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(event, 'route'),
      id: idOfStream(event.stream),
      command: { type: 'RouteAttempt', processors, sender: this.sender.id },
      payer: payerOf(requested),
    });
  }
}

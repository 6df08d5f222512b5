import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import type { PaymentIntentEventData } from '#domain';
import { type Delivery, DeliveryHandler } from '#runtime';
import { authorityOf } from './authority-now.js';
import { causedBy, idOfStream } from './caused.js';
import { RouteAttempt } from './payment-lifecycle.commands.js';
import { Sender } from './sender.js';

/** An attempt is due: whether the agent still may pay is asked last, so that a kill switch is not outrun. */
@CommandHandler(RouteAttempt)
export class RouteAttemptHandler extends DeliveryHandler {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly sender: Sender,
  ) {
    super();
  }

  protected override async handle({ event }: Delivery): Promise<void> {
    const { tenant, agent, mandate, currency } =
      event.data as unknown as PaymentIntentEventData<'RouteRequested'>;
    const processors = await this.bus.request('effects.processors.facts', {});
    const asked = { tenant, agent, mandate, currency };
    const authority = authorityOf(await this.bus.request('queries.agent.standing', asked));
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(event, 'route'),
      id: idOfStream(event.stream),
      command: { type: 'RouteAttempt', processors, authority, sender: this.sender.id },
    });
  }
}

import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import type { PaymentIntentEventData } from '#domain';
import { type Delivery, DeliveryHandler } from '#runtime';
import { causedBy, idOfStream } from './caused.js';
import { SettleBudget } from './payment-lifecycle.commands.js';

type Ended = Pick<PaymentIntentEventData<'PaymentFailed'>, 'mandate' | 'spentMinor' | 'purchase'>;

/** The payment is over: what it took is spent, what it did not take is free again, and so is a purchase that was not made. */
@CommandHandler(SettleBudget)
export class SettleBudgetHandler extends DeliveryHandler {
  constructor(private readonly bus: Bus<Messages>) {
    super();
  }

  protected override async handle({ event }: Delivery): Promise<void> {
    const { mandate, spentMinor, purchase } = event.data as unknown as Ended;
    const intent = idOfStream(event.stream);
    if (mandate !== null) {
      const settled = { ...causedBy(event, 'settle'), mandate, intent, spentMinor };
      await this.bus.request('commands.mandate.settle', settled);
    }
    if (typeof purchase === 'string') {
      const freed = { ...causedBy(event, 'free'), purchase, intent };
      await this.bus.request('commands.purchase.free', freed);
    }
  }
}

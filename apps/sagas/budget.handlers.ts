import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import type { PaymentIntentEventData } from '#domain';
import { type Delivery, DeliveryHandler } from '#runtime';
import { causedBy, idOfStream } from './caused.js';
import { CommitSpend, ReleaseBudget } from './payment-lifecycle.commands.js';

type Ended = PaymentIntentEventData<'PaymentSucceeded'>;

/** The payment is over: what it took is spent, what it did not take is free again. */
abstract class SettleBudgetHandler extends DeliveryHandler {
  constructor(protected readonly bus: Bus<Messages>) {
    super();
  }

  protected override async handle({ event }: Delivery): Promise<void> {
    const { mandate, spentMinor } = event.data as unknown as Ended;
    if (mandate === null) return;
    await this.bus.request('commands.mandate.settle', {
      ...causedBy(event, 'settle'),
      mandate,
      intent: idOfStream(event.stream),
      spentMinor,
    });
  }
}

@CommandHandler(CommitSpend)
export class CommitSpendHandler extends SettleBudgetHandler {
  constructor(bus: Bus<Messages>) {
    super(bus);
  }
}

@CommandHandler(ReleaseBudget)
export class ReleaseBudgetHandler extends SettleBudgetHandler {
  constructor(bus: Bus<Messages>) {
    super(bus);
  }
}

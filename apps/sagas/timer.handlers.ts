import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import { toEpochMs } from '#domain';
import { type Delivery, DeliveryHandler } from '#runtime';
import { causedBy, idOfStream } from './caused.js';
import { ExpireApproval, ExpireAuthorization, Schedule } from './payment-lifecycle.commands.js';
import { Sender } from './sender.js';

/** The event names a time, `dueAt`: it comes again then. */
@CommandHandler(Schedule)
export class ScheduleHandler extends DeliveryHandler {
  protected override async handle(delivery: Delivery): Promise<void> {
    delivery.again(toEpochMs(String(delivery.event.data['dueAt'])));
  }
}

abstract class ExpireHandler extends DeliveryHandler {
  protected abstract readonly command: 'ExpireApproval' | 'ExpireAuthorization';

  constructor(
    protected readonly bus: Bus<Messages>,
    protected readonly sender: Sender,
  ) {
    super();
  }

  protected override async handle({ event }: Delivery): Promise<void> {
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(event, 'expire'),
      id: idOfStream(event.stream),
      command: { type: this.command, sender: this.sender.id },
    });
  }
}

@CommandHandler(ExpireApproval)
export class ExpireApprovalHandler extends ExpireHandler {
  protected override readonly command = 'ExpireApproval';

  constructor(bus: Bus<Messages>, sender: Sender) {
    super(bus, sender);
  }
}

@CommandHandler(ExpireAuthorization)
export class ExpireAuthorizationHandler extends ExpireHandler {
  protected override readonly command = 'ExpireAuthorization';

  constructor(bus: Bus<Messages>, sender: Sender) {
    super(bus, sender);
  }
}

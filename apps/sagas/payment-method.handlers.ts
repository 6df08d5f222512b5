import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import { type Delivery, DeliveryHandler } from '#runtime';
import { DestroyCard } from './payment-lifecycle.commands.js';

/** Nobody can pay with it any more: now what the vault keeps of it goes, and if the vault is away, as soon as it is back. */
@CommandHandler(DestroyCard)
export class DestroyCardHandler extends DeliveryHandler {
  constructor(private readonly bus: Bus<Messages>) {
    super();
  }

  protected override async handle({ event }: Delivery): Promise<void> {
    const { id: paymentMethod, tenant } = event.data as { id: string; tenant: string };
    await this.bus.request('effects.vault.erase', { tenant, paymentMethod });
  }
}

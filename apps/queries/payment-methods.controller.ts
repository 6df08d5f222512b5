import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { EventStore } from '#event-store';
import { listPaymentMethods, paymentMethod } from '#read-models';
import { ReadModels } from './read-models.js';

type Get = Messages['queries.payment_method.get'];
type List = Messages['queries.payment_method.list'];

@Controller()
@UseFilters(AsItIs)
export class PaymentMethodsController {
  constructor(
    private readonly store: EventStore,
    private readonly readModels: ReadModels,
  ) {}

  @MessagePattern('queries.payment_method.get')
  get(@Payload() asked: Get['request']): Promise<Get['reply']> {
    return paymentMethod(this.store, asked);
  }

  /** The read model finds them; what each of them is, its stream tells. */
  @MessagePattern('queries.payment_method.list')
  async list(@Payload() asked: List['request']): Promise<List['reply']> {
    const { ids, nextCursor } = listPaymentMethods(await this.readModels.fresh(), asked);
    const { tenant, agent } = asked;
    const methods = await Promise.all(
      ids.map((id) => paymentMethod(this.store, { tenant, agent, id })),
    );
    return { data: methods.filter((method) => method !== null), next_cursor: nextCursor };
  }
}

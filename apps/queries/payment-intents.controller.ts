import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { EventStore } from '#event-store';
import {
  endedWithoutMoney,
  listPayments,
  paymentEvents,
  paymentExplanation,
  paymentIntent,
  pendingOperation,
} from '#read-models';
import { ReadModels } from './read-models.js';

type Pending = Messages['queries.payment_intent.pending'];
type Get = Messages['queries.payment_intent.get'];
type List = Messages['queries.payment_intent.list'];
type Events = Messages['queries.payment_intent.events'];
type Explanation = Messages['queries.payment_intent.explanation'];

@Controller()
@UseFilters(AsItIs)
export class PaymentIntentsController {
  constructor(
    private readonly store: EventStore,
    private readonly readModels: ReadModels,
  ) {}

  @MessagePattern('queries.payment_intent.pending')
  pending(@Payload() asked: Pending['request']): Promise<Pending['reply']> {
    return pendingOperation(this.store, asked);
  }

  @MessagePattern('queries.payment_intent.ended_without_money')
  endedWithoutMoney(@Payload() { id }: { id: string }): Promise<boolean> {
    return endedWithoutMoney(this.store, id);
  }

  @MessagePattern('queries.payment_intent.get')
  get(@Payload() asked: Get['request']): Promise<Get['reply']> {
    return paymentIntent(this.store, asked);
  }

  /** The read model finds the payments; what each of them is, its stream tells. */
  @MessagePattern('queries.payment_intent.list')
  async list(@Payload() asked: List['request']): Promise<List['reply']> {
    const { rows, nextCursor } = listPayments(await this.readModels.fresh(), asked);
    const payments = await Promise.all(
      rows.map(({ id, tenant }) => paymentIntent(this.store, { tenant, agent: null, id })),
    );
    const data = payments
      .filter((payment) => payment !== null)
      // One may have moved on since it was found.
      .filter(({ status }) => asked.status === null || status === asked.status);
    return { data, next_cursor: nextCursor };
  }

  @MessagePattern('queries.payment_intent.events')
  events(@Payload() asked: Events['request']): Promise<Events['reply']> {
    return paymentEvents(this.store, asked);
  }

  @MessagePattern('queries.payment_intent.explanation')
  explanation(@Payload() asked: Explanation['request']): Promise<Explanation['reply']> {
    return paymentExplanation(this.store, asked);
  }
}

import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { EventStore } from '#event-store';
import { Clock } from '#platform';
import { quote } from '#read-models';

type Get = Messages['queries.quote.get'];

@Controller()
@UseFilters(AsItIs)
export class QuotesController {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  @MessagePattern('queries.quote.get')
  get(@Payload() asked: Get['request']): Promise<Get['reply']> {
    return quote(this.store, asked, new Date(this.clock.now()).toISOString());
  }
}

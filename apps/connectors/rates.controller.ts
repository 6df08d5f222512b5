import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { Quotation } from './quotation.js';

type Quote = Messages['effects.rates.quote'];

@Controller()
@UseFilters(AsItIs)
export class RatesController {
  constructor(private readonly quotation: Quotation) {}

  @MessagePattern('effects.rates.quote')
  quote(@Payload() asked: Quote['request']): Promise<Quote['reply']> {
    return this.quotation.quote(asked);
  }
}

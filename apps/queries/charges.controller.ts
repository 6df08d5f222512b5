import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { paymentOfCharge } from '#read-models';
import { ReadModels } from './read-models.js';

type Payment = Messages['queries.charges.payment'];

@Controller()
@UseFilters(AsItIs)
export class ChargesController {
  constructor(private readonly readModels: ReadModels) {}

  @MessagePattern('queries.charges.payment')
  async payment(@Payload() asked: Payment['request']): Promise<Payment['reply']> {
    return paymentOfCharge(await this.readModels.fresh(), asked);
  }
}

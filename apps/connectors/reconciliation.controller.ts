import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { Reconciliation } from './reconciliation.js';

type Run = Messages['effects.reconciliation.run'];

@Controller()
@UseFilters(AsItIs)
export class ReconciliationController {
  constructor(private readonly reconciliation: Reconciliation) {}

  @MessagePattern('effects.reconciliation.run')
  run(@Payload() asked: Run['request']): Promise<Run['reply']> {
    return this.reconciliation.run(asked);
  }
}

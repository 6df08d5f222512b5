import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { findRecords, reconciliationReached, recordsOfProcessor } from '#read-models';
import { ReadModels } from './read-models.js';

type Records = Messages['queries.reconciliation.records'];
type Find = Messages['queries.reconciliation.find'];
type Reached = Messages['queries.reconciliation.reached'];

/** Our side of the books, for those who compare them. */
@Controller()
@UseFilters(AsItIs)
export class ReconciliationController {
  constructor(private readonly readModels: ReadModels) {}

  @MessagePattern('queries.reconciliation.records')
  async records(@Payload() asked: Records['request']): Promise<Records['reply']> {
    return recordsOfProcessor(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.reconciliation.find')
  async find(@Payload() asked: Find['request']): Promise<Find['reply']> {
    return findRecords(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.reconciliation.reached')
  async reached(@Payload() asked: Reached['request']): Promise<Reached['reply']> {
    return reconciliationReached(await this.readModels.fresh(), asked);
  }
}

import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages, Page } from '#contracts';
import {
  ledgerAccounts,
  ledgerEntries,
  operationsUnder,
  parkedItems,
  worldEvents,
} from '#read-models';
import { ReadModels } from './read-models.js';

type Operations = Messages['queries.operations']['request'];
type Entries = Messages['queries.ledger.entries']['request'];
type Accounts = Messages['queries.ledger.accounts']['request'];
type Events = Messages['queries.events']['request'];
type Parked = Messages['queries.parked']['request'];

/** Lists that are answered from read models alone. */
@Controller()
@UseFilters(AsItIs)
export class RecordsController {
  constructor(private readonly readModels: ReadModels) {}

  @MessagePattern('queries.operations')
  async operations(@Payload() asked: Operations): Promise<Page> {
    return operationsUnder(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.ledger.entries')
  async ledgerEntries(@Payload() asked: Entries): Promise<Page> {
    return ledgerEntries(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.ledger.accounts')
  async ledgerAccounts(@Payload() asked: Accounts): Promise<Page> {
    return ledgerAccounts(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.events')
  async events(@Payload() asked: Events): Promise<Page> {
    return worldEvents(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.parked')
  async parked(@Payload() asked: Parked): Promise<Page> {
    return parkedItems(await this.readModels.fresh(), asked);
  }
}

import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { Clock } from '#platform';
import { ToProcessorAccount } from './actors.js';
import { metaOfCause } from './calls.js';

type Report = Messages['commands.processor_account.report_orphan'];
type RecordIt = Messages['commands.processor_account.record'];

/** Told by our own processes only. */
@Controller()
@UseFilters(AsItIs)
export class ProcessorAccountsController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
  ) {}

  @MessagePattern('commands.processor_account.record')
  async record(@Payload() asked: RecordIt['request']): Promise<RecordIt['reply']> {
    const { processor, summary } = asked;
    const message = { type: 'RecordReconciliation', summary, nowMs: this.clock.now() } as const;
    const told = await this.commandBus.execute(
      new ToProcessorAccount(processor, message, metaOfCause(asked)),
    );
    return { ok: told.ok };
  }

  @MessagePattern('commands.processor_account.report_orphan')
  async report(@Payload() asked: Report['request']): Promise<Report['reply']> {
    const { processor, orphan } = asked;
    const message = { type: 'ReportOrphan', processor, orphan, nowMs: this.clock.now() } as const;
    const told = await this.commandBus.execute(
      new ToProcessorAccount(processor, message, metaOfCause(asked)),
    );
    return { ok: told.ok };
  }
}

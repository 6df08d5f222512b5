import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import { type Messages, deriveId } from '#contracts';
import type { JsonRecord } from '#domain';
import { Clock } from '#platform';
import { ToProcessorNotice } from './actors.js';

type Receive = Messages['commands.processor_notice.receive'];

/** What processors tell unasked. */
@Controller()
@UseFilters(AsItIs)
export class ProcessorNoticesController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
  ) {}

  @MessagePattern('commands.processor_notice.receive')
  async receive(@Payload() { processor, notice }: Receive['request']): Promise<Receive['reply']> {
    const id = deriveId('processor_notice', processor, notice.id);
    const message = {
      type: 'ReceiveNotice',
      processor,
      notice: notice as unknown as JsonRecord,
      nowMs: this.clock.now(),
    } as const;
    // Whose payment it is about is not known yet, if anybody's.
    const meta = {
      commandId: `${id}/receive`,
      ...{ correlationId: id, causationId: `${id}/receive`, tenant: '', actor: processor },
    };
    const told = await this.commandBus.execute(new ToProcessorNotice(id, message, meta));
    return { ok: told.ok };
  }
}

import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import { type Answer, type Messages, answer } from '#contracts';
import { Clock } from '#platform';
import { ToParkedDelivery, ToPaymentIntent } from './actors.js';
import { metaOfCall, metaOfCause, operationId, refuse, storeTrouble } from './calls.js';
import { processing } from './payment-intents.controller.js';

type Park = Messages['commands.parked.park'];
type Resolve = Messages['commands.parked.resolve'];
type Retry = Messages['commands.parked.retry'];

@Controller()
@UseFilters(AsItIs)
export class ParkedController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
  ) {}

  @MessagePattern('commands.parked.park')
  async park(@Payload() asked: Park['request']): Promise<Park['reply']> {
    const { event, eventType, stream, position, tenant, error, tries } = asked;
    const nowMs = this.clock.now();
    const message = {
      type: 'ParkDelivery',
      event,
      eventType,
      stream,
      position,
      tenant,
      error,
      tries,
      nowMs,
    } as const;
    const told = await this.commandBus.execute(
      new ToParkedDelivery(event, message, metaOfCause(asked)),
    );
    return { ok: told.ok };
  }

  @MessagePattern('commands.parked.resolve')
  async resolve(@Payload() asked: Resolve['request']): Promise<Resolve['reply']> {
    const message = { type: 'ResolveDelivery', nowMs: this.clock.now() } as const;
    const told = await this.commandBus.execute(
      new ToParkedDelivery(asked.event, message, metaOfCause(asked)),
    );
    return { ok: told.ok };
  }

  @MessagePattern('commands.parked.retry')
  async retry(@Payload() call: Retry['request']): Promise<Answer> {
    try {
      return call.id.startsWith('pi_')
        ? await this.retryPayment(call, call.id.slice('pi_'.length))
        : await this.retryDelivery(call);
    } catch (error) {
      return storeTrouble(call, error);
    }
  }

  private async retryPayment(call: Retry['request'], id: string): Promise<Answer> {
    const { tenant, id: by } = call.principal;
    const operation = operationId(call);
    const nowMs = this.clock.now();
    const message = { type: 'UnparkPayment', operation, tenant, by, nowMs } as const;
    const told = await this.commandBus.execute(
      new ToPaymentIntent(id, message, metaOfCall(call, call.id)),
    );
    return told.ok ? processing(told.state) : this.refused(call, told.code);
  }

  private async retryDelivery(call: Retry['request']): Promise<Answer> {
    const { tenant, id: by } = call.principal;
    const operation = operationId(call);
    const nowMs = this.clock.now();
    const message = { type: 'RetryDelivery', operation, tenant, by, nowMs } as const;
    const told = await this.commandBus.execute(
      new ToParkedDelivery(call.id, message, metaOfCall(call, call.id)),
    );
    if (!told.ok) return this.refused(call, told.code);
    const { event, status } = told.state;
    return answer({
      status: 202,
      body: JSON.stringify({ object: 'parked', id: event, kind: 'delivery', status }),
    });
  }

  private refused(call: Retry['request'], code: string): Answer {
    return code === 'not_found'
      ? refuse(call, 'not_found', 'Nothing of this id is parked.')
      : refuse(call, 'invalid_transition', 'It is not parked any more.');
  }
}

import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Answer, Messages } from '#contracts';
import { type Operation, toRfc3339 } from '#domain';
import { EventStore, readWholeStream } from '#event-store';
import { Clock } from '#platform';
import { ToMandate } from './actors.js';
import { metaOfCall, metaOfCause, operationId, refuse } from './calls.js';
import { concludedOperation } from './operations.js';

type Reserve = Messages['commands.mandate.reserve'];
type Settle = Messages['commands.mandate.settle'];

@Controller()
@UseFilters(AsItIs)
export class MandatesController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
    private readonly store: EventStore,
  ) {}

  @MessagePattern('commands.mandate.grant')
  async grant(@Payload() call: Messages['commands.mandate.grant']['request']): Promise<Answer> {
    const stream = operationId(call);
    const id = `mnd_${stream}`;
    const { principal, terms, request } = call;
    if (!(await this.hasAgent(principal.tenant, terms.agent))) {
      return refuse(call, 'not_found', 'There is no such agent.', {
        violations: [{ pointer: '/agent', rule: 'exists' }],
      });
    }
    const nowMs = this.clock.now();
    const created = { object: 'mandate', id, status: 'active', ...terms };
    const body = JSON.stringify({ ...created, created_at: toRfc3339(nowMs) });
    const operation = { id: stream, request, status: 201, body };
    const { tenant, id: by } = principal;
    return concludedOperation(call, () =>
      this.commandBus.execute(
        new ToMandate(
          stream,
          { type: 'GrantMandate', id, tenant, terms, by, operation, nowMs },
          metaOfCall(call, id),
        ),
      ),
    );
  }

  @MessagePattern('commands.mandate.revoke')
  async revoke(@Payload() call: Messages['commands.mandate.revoke']['request']): Promise<Answer> {
    const { principal, mandate, request } = call;
    const body = JSON.stringify({ object: 'mandate', id: mandate, status: 'revoked' });
    const operation: Operation = { id: operationId(call), request, status: 200, body };
    const { tenant, id: by } = principal;
    const nowMs = this.clock.now();
    return concludedOperation(call, () =>
      this.commandBus.execute(
        new ToMandate(
          streamOf(mandate),
          { type: 'RevokeMandate', tenant, by, operation, nowMs },
          metaOfCall(call, mandate),
        ),
      ),
    );
  }

  @MessagePattern('commands.mandate.reserve')
  async reserve(@Payload() asked: Reserve['request']): Promise<Reserve['reply']> {
    const { mandate, tenant, agent, intent, amountMinor, currency, payee } = asked;
    const nowMs = this.clock.now();
    const told = await this.commandBus.execute(
      new ToMandate(
        streamOf(mandate),
        {
          type: 'ReserveBudget',
          tenant,
          agent,
          intent,
          amountMinor,
          currency,
          payee,
          nowMs,
        },
        metaOfCause(asked),
      ),
    );
    const checks = [...(told.details?.checks ?? [])];
    return told.ok
      ? { decision: 'reserved', code: null, checks }
      : { decision: 'refused', code: told.code, checks };
  }

  /** Never refused: what was spent is spent, what was not is free. */
  @MessagePattern('commands.mandate.settle')
  async settle(@Payload() asked: Settle['request']): Promise<Settle['reply']> {
    const { mandate, intent, spentMinor } = asked;
    const nowMs = this.clock.now();
    const told = await this.commandBus.execute(
      new ToMandate(
        streamOf(mandate),
        spentMinor > 0
          ? { type: 'CommitSpend', intent, amountMinor: spentMinor, nowMs }
          : { type: 'ReleaseBudget', intent, nowMs },
        metaOfCause(asked),
      ),
    );
    return { ok: told.ok };
  }

  private async hasAgent(tenant: string, agent: string): Promise<boolean> {
    if (!AGENT_ID.test(agent)) return false;
    const stream = `agent-${agent.slice('agt_'.length)}`;
    for await (const { metadata } of readWholeStream(this.store, stream))
      return metadata['tenant'] === tenant;
    return false;
  }
}

const AGENT_ID = /^agt_[a-z2-7]{26}$/;

/** `agt_…` and `mnd_…` are how ids are shown; streams go by what follows. */
function streamOf(mandate: string): string {
  return mandate.replace(/^mnd_/, '');
}

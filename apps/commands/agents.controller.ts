import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Answer, Call, Messages } from '#contracts';
import { type AgentCommand, type JsonRecord, toRfc3339 } from '#domain';
import { Clock } from '#platform';
import { ToAgent } from './actors.js';
import { metaOfCall, operationId } from './calls.js';
import { InstanceKeys, fillInKey, placeOfKey } from './instance-keys.js';
import { concludedOperation } from './operations.js';

type Asked<Subject extends keyof Messages> = Messages[Subject]['request'];
type WithoutCaller<T> = T extends unknown
  ? Omit<T, 'tenant' | 'by' | 'operation' | 'nowMs'>
  : never;

@Controller()
@UseFilters(AsItIs)
export class AgentsController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
    private readonly keys: InstanceKeys,
  ) {}

  @MessagePattern('commands.agent.register')
  register(@Payload() call: Asked<'commands.agent.register'>): Promise<Answer> {
    const stream = operationId(call);
    const id = `agt_${stream}`;
    const { name } = call;
    const key = this.keys.issue(stream);
    return this.conclude(call, id, 201, {
      command: { type: 'RegisterAgent', id, name, key: { id: key.id, hash: key.hash } },
      body: {
        object: 'agent',
        id,
        name,
        status: 'active',
        key: placeOfKey(key),
        key_id: key.id,
        created_at: toRfc3339(this.clock.now()),
      },
    });
  }

  @MessagePattern('commands.agent.issue_key')
  issueKey(@Payload() call: Asked<'commands.agent.issue_key'>): Promise<Answer> {
    const key = this.keys.issue(operationId(call));
    return this.conclude(call, call.agent, 201, {
      command: { type: 'IssueKey', key: { id: key.id, hash: key.hash } },
      body: {
        object: 'key',
        id: key.id,
        agent: call.agent,
        key: placeOfKey(key),
        created_at: toRfc3339(this.clock.now()),
      },
    });
  }

  @MessagePattern('commands.agent.revoke_key')
  revokeKey(@Payload() call: Asked<'commands.agent.revoke_key'>): Promise<Answer> {
    const { agent, key } = call;
    return this.conclude(call, agent, 200, {
      command: { type: 'RevokeKey', key },
      body: { object: 'key', id: key, agent, status: 'revoked' },
    });
  }

  @MessagePattern('commands.agent.suspend')
  suspend(@Payload() call: Asked<'commands.agent.suspend'>): Promise<Answer> {
    return this.conclude(call, call.agent, 200, {
      command: { type: 'SuspendAgent' },
      body: { object: 'agent', id: call.agent, status: 'suspended' },
    });
  }

  @MessagePattern('commands.agent.resume')
  resume(@Payload() call: Asked<'commands.agent.resume'>): Promise<Answer> {
    return this.conclude(call, call.agent, 200, {
      command: { type: 'ResumeAgent' },
      body: { object: 'agent', id: call.agent, status: 'active' },
    });
  }

  private async conclude(
    call: Call,
    agent: string,
    status: number,
    { command, body }: { command: WithoutCaller<AgentCommand>; body: JsonRecord },
  ): Promise<Answer> {
    const { principal, request } = call;
    const operation = { id: operationId(call), request, status, body: JSON.stringify(body) };
    const message = {
      ...command,
      tenant: principal.tenant,
      by: principal.id,
      operation,
      nowMs: this.clock.now(),
    } as AgentCommand;
    const concluded = await concludedOperation(call, () =>
      this.commandBus.execute(
        new ToAgent(agent.replace(/^agt_/, ''), message, metaOfCall(call, agent)),
      ),
    );
    return { ...concluded, body: fillInKey(concluded.body, this.keys.issue(operation.id)) };
  }
}

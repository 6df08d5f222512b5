import { createHash } from 'node:crypto';
import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Answer, Call, Messages, WebhookOperation } from '#contracts';
import {
  type JsonRecord,
  WEBHOOK_SECRET_OVERLAP_MS,
  type WebhookEndpointCommand,
  signingSecrets,
  toRfc3339,
  webhookDuties,
} from '#domain';
import { Clock } from '#platform';
import type { MessageMeta } from '#runtime';
import { ToWebhookEndpoint } from './actors.js';
import { metaOfCall, metaOfCause, operationId } from './calls.js';
import { concludedOperation } from './operations.js';
import { WebhookSecrets } from './webhook-secrets.js';

type Register = Messages['commands.webhook_endpoint.register'];
type Operate = Messages['commands.webhook_endpoint.operate'];
type Recording = Messages['commands.webhook_endpoint.record'];
type Sign = Messages['commands.webhook_endpoint.sign'];
type WithoutCaller<T> = T extends { operation: unknown }
  ? Omit<T, 'tenant' | 'agent' | 'by' | 'operation' | 'nowMs'>
  : never;
type Asked = Call & { id: string; agent: string | null };

interface Concluding {
  status: number;
  command: WithoutCaller<WebhookEndpointCommand>;
  body: JsonRecord;
}

/** Of what is to be tried again. */
const DUE_MAX = 32;

@Controller()
@UseFilters(AsItIs)
export class WebhookEndpointsController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
    private readonly secrets: WebhookSecrets,
  ) {}

  @MessagePattern('commands.webhook_endpoint.register')
  register(@Payload() call: Register['request']): Promise<Answer> {
    const secret = operationId(call);
    const id = `whe_${secret}`;
    const { url, description, agent } = call;
    return this.conclude({ ...call, id }, secret, {
      status: 201,
      command: { type: 'RegisterWebhookEndpoint', id, url, description, secret },
      body: {
        ...{ object: 'webhook_endpoint', id, url, description, agent, status: 'enabled' },
        ...{ secret: this.secrets.placeOf(secret), previous_secret_expires_at: null },
        created_at: toRfc3339(this.clock.now()),
      },
    });
  }

  @MessagePattern('commands.webhook_endpoint.operate')
  operate(@Payload() call: Operate['request']): Promise<Answer> {
    const secret = operationId(call);
    return this.conclude(call, secret, this.concluding(call.id, call.operation, secret));
  }

  @MessagePattern('commands.webhook_endpoint.record')
  async record(@Payload() asked: Recording['request']): Promise<Recording['reply']> {
    const { id, upTo } = asked;
    const tries = asked.tries.map((each) => ({ ...each, spread: spreadOf(id, each) }));
    const nowMs = this.clock.now();
    const told = await this.tell(
      id,
      { type: 'RecordWebhookAttempts', upTo, tries, nowMs },
      metaOfCause(asked),
    );
    return told.ok ? webhookDuties(told.state, DUE_MAX) : null;
  }

  @MessagePattern('commands.webhook_endpoint.sign')
  async sign(@Payload() asked: Sign['request']): Promise<Sign['reply']> {
    const { id } = asked;
    const told = await this.tell(
      id,
      { type: 'InspectWebhookEndpoint' },
      {
        commandId: `${id}/inspect`,
        ...{ correlationId: id, causationId: id, tenant: '', actor: 'bursar' },
      },
    );
    if (!told.ok || told.state.status !== 'enabled') return null;
    const secrets = signingSecrets(told.state, toRfc3339(this.clock.now()));
    return { url: told.state.url, signature: this.secrets.sign(secrets, asked) };
  }

  private concluding(id: string, operation: WebhookOperation, secret: string): Concluding {
    const object = 'webhook_endpoint';
    switch (operation.kind) {
      case 'rotate_secret': {
        const until = toRfc3339(this.clock.now() + WEBHOOK_SECRET_OVERLAP_MS);
        return {
          status: 200,
          command: { type: 'RotateWebhookSecret', secret },
          body: {
            ...{ object, id, secret: this.secrets.placeOf(secret) },
            previous_secret_expires_at: until,
          },
        };
      }
      case 'enable':
        return {
          status: 200,
          command: { type: 'EnableWebhookEndpoint' },
          body: { object, id, status: 'enabled' },
        };
      case 'disable':
        return {
          status: 200,
          command: { type: 'DisableWebhookEndpoint' },
          body: { object, id, status: 'disabled' },
        };
      case 'delete':
        return {
          status: 200,
          command: { type: 'DeleteWebhookEndpoint' },
          body: { object, id, status: 'deleted' },
        };
      case 'resend': {
        const { event, position } = operation;
        return {
          status: 202,
          command: { type: 'ResendWebhook', event, position },
          body: { object: 'webhook_resend', endpoint: id, event },
        };
      }
    }
  }

  private async conclude(
    call: Asked,
    secret: string,
    { status, command, body }: Concluding,
  ): Promise<Answer> {
    const { principal, request, id, agent } = call;
    const message = {
      ...command,
      ...{ tenant: principal.tenant, agent, by: principal.id },
      operation: { id: operationId(call), request, status, body: JSON.stringify(body) },
      nowMs: this.clock.now(),
    } as WebhookEndpointCommand;
    const concluded = await concludedOperation(call, () =>
      this.tell(id, message, metaOfCall(call, id)),
    );
    return { ...concluded, body: this.secrets.fillIn(concluded.body, secret) };
  }

  private tell(id: string, message: WebhookEndpointCommand, meta: MessageMeta) {
    return this.commandBus.execute(new ToWebhookEndpoint(id.replace(/^whe_/, ''), message, meta));
  }
}

/** From 0 to 1, as good as random, and the same when the same is recorded again. */
function spreadOf(endpoint: string, { event, atMs }: { event: string; atMs: number }): number {
  const digest = createHash('sha256').update(`${endpoint} ${event} ${atMs}`).digest();
  return digest.readUInt32BE(0) / 0xffffffff;
}

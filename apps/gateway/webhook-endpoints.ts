import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import {
  type Answer,
  EmptyRequest,
  type Messages,
  NoQuery,
  type Page,
  PageQuery,
  ResendRequest,
  WEBHOOK_ENDPOINTS_PATH,
  WebhookEndpointRequest,
  type WebhookOperation,
  deriveId,
} from '#contracts';
import type { JsonRecord } from '#domain';
import type { ApiRequest } from './api-request.js';
import { accessOf } from './authentication.guard.js';
import { WEBHOOK_ENDPOINT_ID, found, idOf, notFound, readCall, readQuery } from './calls.js';
import { pageOf } from './pages.js';
import { ProblemException } from './problem.exception.js';

/** Endpoints that one agent, or the operators of one tenant, may have. */
const ENDPOINTS_MAX = 20;

type OfOne = { id: string };
type Register = Messages['commands.webhook_endpoint.register']['request'];

/** What can be asked about webhook endpoints, by any door. Every method throws ProblemException and BusError. */
@Injectable()
export class WebhookEndpoints {
  constructor(private readonly bus: Bus<Messages>) {}

  /** An agent's endpoint hears of its own payments, a person's of all of the tenant. */
  async register(request: ApiRequest): Promise<Answer> {
    refuseSuspended(request);
    const call = readCall(request, WEBHOOK_ENDPOINTS_PATH, WebhookEndpointRequest);
    readQuery(request, NoQuery);
    const { url, description = null } = call.request;
    const asked = { ...call, agent: ownershipOf(request).agent, url, description };
    await this.admit(asked);
    return this.bus.request('commands.webhook_endpoint.register', asked);
  }

  async get(request: ApiRequest, params: OfOne): Promise<JsonRecord> {
    const id = idOf(params, WEBHOOK_ENDPOINT_ID);
    readQuery(request, NoQuery);
    const asked = { ...ownershipOf(request), id };
    return found(await this.bus.request('queries.webhook_endpoints.get', asked));
  }

  async list(request: ApiRequest): Promise<Page> {
    const page = pageOf(readQuery(request, PageQuery));
    return this.bus.request('queries.webhook_endpoints.list', { ...ownershipOf(request), ...page });
  }

  async deliveries(request: ApiRequest, params: OfOne): Promise<Page> {
    const id = idOf(params, WEBHOOK_ENDPOINT_ID);
    const asked = { ...ownershipOf(request), id, ...pageOf(readQuery(request, PageQuery)) };
    return found(await this.bus.request('queries.webhook_endpoints.deliveries', asked));
  }

  rotateSecret(request: ApiRequest, params: OfOne): Promise<Answer> {
    refuseSuspended(request);
    return this.change(request, params, 'rotate_secret');
  }

  enable(request: ApiRequest, params: OfOne): Promise<Answer> {
    refuseSuspended(request);
    return this.change(request, params, 'enable');
  }

  disable(request: ApiRequest, params: OfOne): Promise<Answer> {
    return this.change(request, params, 'disable');
  }

  /** No key is needed to delete something once: what is not there any more is 404. */
  async delete(request: ApiRequest, params: OfOne): Promise<Answer> {
    const id = idOf(params, WEBHOOK_ENDPOINT_ID);
    readQuery(request, NoQuery);
    const { traceId } = request;
    const { principal } = accessOf(request);
    const path = `${WEBHOOK_ENDPOINTS_PATH}/${id}`;
    return this.bus.request('commands.webhook_endpoint.operate', {
      ...{ principal, path, idempotencyKey: `delete ${traceId}`, request: {}, traceId, id },
      agent: ownershipOf(request).agent,
      operation: { kind: 'delete' },
    });
  }

  async resend(request: ApiRequest, params: OfOne): Promise<Answer> {
    refuseSuspended(request);
    const id = idOf(params, WEBHOOK_ENDPOINT_ID);
    const call = readCall(request, `${WEBHOOK_ENDPOINTS_PATH}/${id}/resend`, ResendRequest);
    readQuery(request, NoQuery);
    const { event } = call.request;
    const { tenant, agent } = ownershipOf(request);
    found(await this.bus.request('queries.webhook_endpoints.get', { tenant, agent, id }));
    const told = await this.bus.request('queries.webhook_endpoints.told', { id, events: [event] });
    const [message] = told;
    if (!message) throw notFound();
    const operation = { kind: 'resend', event, position: message.position } as const;
    const asked = { ...call, id, agent, operation };
    return this.bus.request('commands.webhook_endpoint.operate', asked);
  }

  private async change(
    request: ApiRequest,
    params: OfOne,
    kind: Exclude<WebhookOperation['kind'], 'resend' | 'delete'>,
  ): Promise<Answer> {
    const id = idOf(params, WEBHOOK_ENDPOINT_ID);
    const call = readCall(request, `${WEBHOOK_ENDPOINTS_PATH}/${id}/${kind}`, EmptyRequest);
    readQuery(request, NoQuery);
    const { agent } = ownershipOf(request);
    const asked = { ...call, id, agent, operation: { kind } };
    return this.bus.request('commands.webhook_endpoint.operate', asked);
  }

  /** What was registered before is answered as it was, whatever the rules are by now. */
  private async admit({ principal, path, idempotencyKey, agent, url }: Register): Promise<void> {
    const { tenant, id: by } = principal;
    const id = `whe_${deriveId(tenant, by, 'POST', path, idempotencyKey)}`;
    const { known, count } = await this.bus.request('queries.webhook_endpoints.admission', {
      ...{ tenant, agent, id },
    });
    if (known) return;
    if (count >= ENDPOINTS_MAX)
      throw new ProblemException(
        'invalid_transition',
        `There may be ${ENDPOINTS_MAX} endpoints; delete one first.`,
      );
    const fault = await this.bus.request('effects.webhooks.check', { url });
    if (!fault) return;
    const detail = `This field ${fault.detail}.`;
    const violations = [{ pointer: '/url', rule: fault.rule, detail }];
    throw new ProblemException('validation_failed', `The body is not valid. /url: ${detail}`, {
      violations,
    });
  }
}

/** Agents have to do with their own endpoints, people with all of their tenant. */
function ownershipOf(request: ApiRequest): { tenant: string; agent: string | null } {
  const { tenant, role, id } = accessOf(request).principal;
  return { tenant, agent: role === 'agent' ? id : null };
}

function refuseSuspended(request: ApiRequest): void {
  if (accessOf(request).agent?.status === 'suspended')
    throw new ProblemException(
      'agent_suspended',
      'The agent is suspended; it can only look, disable and delete.',
    );
}

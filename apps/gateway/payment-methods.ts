import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import {
  type Answer,
  type Messages,
  NoQuery,
  type Page,
  PageQuery,
  parseIdempotencyKey,
} from '#contracts';
import type { JsonRecord } from '#domain';
import { Trouble } from '#platform';
import { type ApiRequest, headerValues } from './api-request.js';
import { accessOf } from './authentication.guard.js';
import { found, idOf, readQuery } from './calls.js';
import { CardRoad } from './card-road.port.js';
import { RoadError } from './road.error.js';
import { jsonBytes } from './json-body.parser.js';
import { pageOf } from './pages.js';
import { ProblemException } from './problem.exception.js';

export const PAYMENT_METHODS_PATH = '/v1/payment_methods';
const PAYMENT_METHOD_ID = /^pm_[a-z2-7]{26}$/;

/** Cards on their way to the vault, and what their tokens show. Every method throws ProblemException and BusError. */
@Injectable()
export class PaymentMethods {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly road: CardRoad,
    private readonly trouble: Trouble,
  ) {}

  async tokenize(request: ApiRequest): Promise<Answer> {
    const { principal, agent } = accessOf(request);
    if (agent?.status === 'suspended')
      throw new ProblemException('agent_suspended', 'The agent is suspended.');
    const key = parseIdempotencyKey(headerValues(request, 'idempotency-key'));
    if (!key.ok) throw new ProblemException(key.code, key.detail);
    readQuery(request, NoQuery);
    const body = jsonBytes(request);
    const { traceId } = request;
    const call = { principal, path: PAYMENT_METHODS_PATH, idempotencyKey: key.key, traceId };
    try {
      return await this.road.tokenize(call, body);
    } catch (error) {
      if (!(error instanceof RoadError)) throw error;
      throw this.noRoad(error, traceId);
    } finally {
      body.fill(0);
    }
  }

  async get(request: ApiRequest, params: { id: string }): Promise<JsonRecord> {
    const id = idOf(params, PAYMENT_METHOD_ID);
    readQuery(request, NoQuery);
    const asked = { ...ownershipOf(request), id };
    return found(await this.bus.request('queries.payment_method.get', asked));
  }

  list(request: ApiRequest): Promise<Page> {
    const query = readQuery(request, PageQuery);
    const asked = { ...ownershipOf(request), ...pageOf(query) };
    return this.bus.request('queries.payment_method.list', asked);
  }

  erase(request: ApiRequest, params: { id: string }): Promise<Answer> {
    const id = idOf(params, PAYMENT_METHOD_ID);
    readQuery(request, NoQuery);
    const { principal } = accessOf(request);
    const path = `${PAYMENT_METHODS_PATH}/${id}`;
    const asked = { principal, path, traceId: request.traceId, id };
    return this.bus.request('commands.payment_method.erase', asked);
  }

  private noRoad(error: RoadError, traceId: string): ProblemException {
    if (error.reason === 'closed') {
      const detail = 'This installation takes no cards: no way to its vault is configured.';
      const retry = { retryable: false, same_key: true };
      return new ProblemException('store_unavailable', detail, { retry });
    }
    this.trouble.report(`the vault could not be reached, trace ${traceId}`, error.cause ?? error);
    const detail = 'The vault does not answer now; send it again under the same key.';
    return new ProblemException('store_unavailable', detail);
  }
}

/** Agents see what is theirs or everybody's, people what is their tenant's. */
function ownershipOf(request: ApiRequest): { tenant: string; agent: string | null } {
  const { tenant, role, id } = accessOf(request).principal;
  return { tenant, agent: role === 'agent' ? id : null };
}

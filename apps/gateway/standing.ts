import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import {
  type Messages,
  NoQuery,
  OperationsQuery,
  type Page,
  operationKeyHash,
  parseIdempotencyKey,
  renderAuthority,
} from '#contracts';
import type { ApiRequest } from './api-request.js';
import { accessOf } from './authentication.guard.js';
import { readQuery } from './calls.js';
import { ProblemException } from './problem.exception.js';

/** What an agent asks about itself, by any door. */
@Injectable()
export class Standing {
  constructor(private readonly bus: Bus<Messages>) {}

  async operations(request: ApiRequest): Promise<Page> {
    const { idempotency_key } = readQuery(request, OperationsQuery);
    const key = parseIdempotencyKey([idempotency_key]);
    if (!key.ok) throw new ProblemException('validation_failed', key.detail);
    const { tenant, id } = accessOf(request).principal;
    const keyHash = operationKeyHash(tenant, id, key.key);
    return this.bus.request('queries.operations', { tenant, keyHash });
  }

  async authority(request: ApiRequest): Promise<Page> {
    readQuery(request, NoQuery);
    const { tenant, id: agent } = accessOf(request).principal;
    const mandates = await this.bus.request('queries.authority', { tenant, agent });
    return { data: mandates.map(renderAuthority), next_cursor: null };
  }
}

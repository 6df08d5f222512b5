import { Controller, Get, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Bus } from '#bus';
import {
  AuthorityResource,
  type Messages,
  NoQuery,
  OperationResource,
  OperationsQuery,
  type Page,
  operationKeyHash,
  parseIdempotencyKey,
  renderAuthority,
} from '#contracts';
import type { ApiRequest } from './api-request.js';
import { Allow, accessOf } from './authentication.guard.js';
import { readQuery } from './calls.js';
import { Documented } from './documented.js';
import { ProblemException } from './problem.exception.js';

/** What an agent asks about itself. */
@ApiTags('Agent')
@Controller('/v1')
export class StandingController {
  constructor(private readonly bus: Bus<Messages>) {}

  /** What became of my requests under this key, whatever they created. */
  @Get('operations')
  @Allow('agent')
  @Documented({ query: OperationsQuery, answers: { 200: { pageOf: OperationResource } } })
  async operations(@Req() request: ApiRequest): Promise<Page> {
    const { idempotency_key } = readQuery(request, OperationsQuery);
    const key = parseIdempotencyKey([idempotency_key]);
    if (!key.ok) throw new ProblemException('validation_failed', key.detail);
    const { tenant, id } = accessOf(request).principal;
    const keyHash = operationKeyHash(tenant, id, key.key);
    return this.bus.request('queries.operations', { tenant, keyHash });
  }

  /** Every limit of my mandates, and what is left of it. */
  @Get('authority')
  @Allow('agent')
  @Documented({ query: NoQuery, answers: { 200: { pageOf: AuthorityResource } } })
  async authority(@Req() request: ApiRequest): Promise<Page> {
    readQuery(request, NoQuery);
    const { tenant, id: agent } = accessOf(request).principal;
    const mandates = await this.bus.request('queries.authority', { tenant, agent });
    return { data: mandates.map(renderAuthority), next_cursor: null };
  }
}

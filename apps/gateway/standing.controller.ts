import { Controller, Get, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  AuthorityResource,
  NoQuery,
  OperationResource,
  OperationsQuery,
  type Page,
} from '#contracts';
import type { ApiRequest } from './api-request.js';
import { Allow } from './authentication.guard.js';
import { Documented } from './documented.js';
import { Standing } from './standing.js';

/** What an agent asks about itself. */
@ApiTags('Agent')
@Controller('/v1')
export class StandingController {
  constructor(private readonly standing: Standing) {}

  /** What became of my requests under this key, whatever they created. */
  @Get('operations')
  @Allow('agent')
  @Documented({ query: OperationsQuery, answers: { 200: { pageOf: OperationResource } } })
  operations(@Req() request: ApiRequest): Promise<Page> {
    return this.standing.operations(request);
  }

  /** Every limit of my mandates, and what is left of it. */
  @Get('authority')
  @Allow('agent')
  @Documented({ query: NoQuery, answers: { 200: { pageOf: AuthorityResource } } })
  authority(@Req() request: ApiRequest): Promise<Page> {
    return this.standing.authority(request);
  }
}

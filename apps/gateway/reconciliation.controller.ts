import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Bus } from '#bus';
import {
  type Messages,
  ReconciliationQuery,
  ReconciliationResource,
  renderReconciliation,
} from '#contracts';
import { type BooksWindow, type JsonRecord, toEpochMs } from '#domain';
import { Clock } from '#platform';
import type { ApiRequest } from './api-request.js';
import { Allow, accessOf } from './authentication.guard.js';
import { PROCESSOR_NAME, found, idOf, readQuery } from './calls.js';
import { Documented } from './documented.js';
import { ProblemException } from './problem.exception.js';

const DAY_MS = 86_400_000;
const WINDOW_MAX_MS = 31 * DAY_MS;
const DIFFERENCES_MAX = 1_000;
/** A processor's list comes a hundred at a time. */
const RUN_TIMEOUT_MS = 10 * 60_000;

@ApiTags('Operations room')
@Controller('/v1')
export class ReconciliationController {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly clock: Clock,
  ) {}

  /** Compares our books with a processor's, now. Changes nothing. Shows what is the tenant's, and what is nobody's. */
  @Get('processors/:name/reconciliation')
  @Allow('operator', 'auditor')
  @Documented({
    params: ['name'],
    query: ReconciliationQuery,
    answers: { 200: ReconciliationResource },
    problems: ['not_found'],
  })
  async reconciliation(
    @Req() request: ApiRequest,
    @Param() params: { name: string },
  ): Promise<JsonRecord> {
    const processor = idOf({ id: params.name }, PROCESSOR_NAME);
    const window = this.windowOf(readQuery(request, ReconciliationQuery));
    const { tenant } = accessOf(request).principal;
    const asked = { processor, window, tenant, limit: DIFFERENCES_MAX };
    const limit = { timeoutMs: RUN_TIMEOUT_MS };
    const report = await this.bus.request('effects.reconciliation.run', asked, limit);
    return renderReconciliation(found(report));
  }

  private windowOf({ from, to }: ReconciliationQuery): BooksWindow {
    const toMs = to === undefined ? this.clock.now() : toEpochMs(to);
    const fromMs = from === undefined ? toMs - DAY_MS : toEpochMs(from);
    if (fromMs < toMs && toMs - fromMs <= WINDOW_MAX_MS) return { fromMs, toMs };
    const detail = 'must be before to, by 31 days at most';
    const violations = [{ pointer: '/from', rule: 'window', detail }];
    throw new ProblemException('validation_failed', `The query is not valid. /from: ${detail}`, {
      violations,
    });
  }
}

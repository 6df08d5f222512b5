import { Injectable } from '@nestjs/common';
import { Bus, BusError } from '#bus';
import { EventsQuery, type Messages, type Page } from '#contracts';
import type { ApiRequest } from './api-request.js';
import { accessOf } from './authentication.guard.js';
import { readQuery } from './calls.js';
import { pageOf } from './pages.js';
import { ProblemException } from './problem.exception.js';

/** What happened to payments, by any door: an agent's own, or all of a tenant. */
@Injectable()
export class EventFeed {
  constructor(private readonly bus: Bus<Messages>) {}

  async list(request: ApiRequest): Promise<Page> {
    const query = readQuery(request, EventsQuery);
    const { tenant, role, id } = accessOf(request).principal;
    const { limit, cursor } = pageOf(query);
    const agent = role === 'agent' ? id : null;
    try {
      return await this.bus.request('queries.events', {
        ...{ tenant, agent, limit },
        after: cursor ?? query.after ?? null,
      });
    } catch (error) {
      const isOfAfter = error instanceof BusError && error.errorName === 'InvalidCursorError';
      if (!isOfAfter || cursor !== null) throw error;
      const detail = 'This field must be the id of an event.';
      const violations = [{ pointer: '/after', rule: 'cursor', detail }];
      throw new ProblemException('validation_failed', detail, { violations });
    }
  }
}

import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import { type Answer, type Messages, NoQuery, QUOTES_PATH, QuoteRequest } from '#contracts';
import type { JsonRecord } from '#domain';
import type { ApiRequest } from './api-request.js';
import { accessOf } from './authentication.guard.js';
import { QUOTE_ID, found, idOf, readCall, readQuery } from './calls.js';
import { ProblemException } from './problem.exception.js';

/** What can be asked about prices, by any door. Every method throws ProblemException and BusError. */
@Injectable()
export class Quotes {
  constructor(private readonly bus: Bus<Messages>) {}

  async ask(request: ApiRequest): Promise<Answer> {
    if (accessOf(request).agent?.status === 'suspended')
      throw new ProblemException('agent_suspended', 'The agent is suspended.');
    const call = readCall(request, QUOTES_PATH, QuoteRequest);
    readQuery(request, NoQuery);
    return this.bus.request('effects.rates.quote', call);
  }

  async get(request: ApiRequest, params: { id: string }): Promise<JsonRecord> {
    const id = idOf(params, QUOTE_ID);
    readQuery(request, NoQuery);
    const { tenant, role, id: asking } = accessOf(request).principal;
    const asked = { tenant, agent: role === 'agent' ? asking : null, id };
    return found(await this.bus.request('queries.quote.get', asked));
  }
}

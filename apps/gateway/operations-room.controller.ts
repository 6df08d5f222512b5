import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Bus } from '#bus';
import {
  EmptyRequest,
  LedgerAccountResource,
  LedgerEntriesQuery,
  LedgerEntryResource,
  type Messages,
  NoQuery,
  type Page,
  PageQuery,
  ParkedResource,
  ProcessorResource,
} from '#contracts';
import { sendAnswer } from './answers.js';
import type { ApiRequest } from './api-request.js';
import { Allow, accessOf } from './authentication.guard.js';
import { PARKED_ID, idOf, readCall, readQuery } from './calls.js';
import { Documented } from './documented.js';
import { pageOf } from './pages.js';

/** What operators watch and auditors check. */
@ApiTags('Operations room')
@Controller('/v1')
export class OperationsRoomController {
  constructor(private readonly bus: Bus<Messages>) {}

  /** Postings, each with its account and signed amount. */
  @Get('ledger/entries')
  @Allow('operator', 'auditor')
  @Documented({ query: LedgerEntriesQuery, answers: { 200: { pageOf: LedgerEntryResource } } })
  async ledgerEntries(@Req() request: ApiRequest): Promise<Page> {
    const query = readQuery(request, LedgerEntriesQuery);
    return this.bus.request('queries.ledger.entries', {
      tenant: accessOf(request).principal.tenant,
      paymentIntent: query.payment_intent ?? null,
      account: query.account ?? null,
      ...pageOf(query),
    });
  }

  /** Balances; they sum to zero per currency. */
  @Get('ledger/accounts')
  @Allow('operator', 'auditor')
  @Documented({ query: PageQuery, answers: { 200: { pageOf: LedgerAccountResource } } })
  async ledgerAccounts(@Req() request: ApiRequest): Promise<Page> {
    const query = readQuery(request, PageQuery);
    const { tenant } = accessOf(request).principal;
    return this.bus.request('queries.ledger.accounts', { tenant, ...pageOf(query) });
  }

  /** Health and breakers of the processors, in order of preference. */
  @Get('processors')
  @Allow('operator', 'auditor')
  @Documented({ query: NoQuery, answers: { 200: { pageOf: ProcessorResource } } })
  async processors(@Req() request: ApiRequest): Promise<Page> {
    readQuery(request, NoQuery);
    const data = await this.bus.request('effects.processors.health', {});
    return { data, next_cursor: null };
  }

  /** What waits for a human. */
  @Get('parked')
  @Allow('operator', 'auditor')
  @Documented({ query: PageQuery, answers: { 200: { pageOf: ParkedResource } } })
  async parked(@Req() request: ApiRequest): Promise<Page> {
    const query = readQuery(request, PageQuery);
    const { tenant } = accessOf(request).principal;
    return this.bus.request('queries.parked', { tenant, ...pageOf(query) });
  }

  /** Looks again at a parked payment, or tries a parked event again. */
  @Post('parked/:id/retry')
  @HttpCode(202)
  @Allow('operator')
  @Documented({
    params: ['id'],
    body: EmptyRequest,
    answers: { 202: ParkedResource },
    problems: ['not_found', 'invalid_transition'],
  })
  async retry(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    const id = idOf(params, PARKED_ID);
    const call = readCall(request, `/v1/parked/${id}/retry`, EmptyRequest);
    void sendAnswer(reply, await this.bus.request('commands.parked.retry', { ...call, id }));
  }
}

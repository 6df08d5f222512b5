import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { NoQuery, QUOTES_PATH, QuoteRequest, QuoteResource } from '#contracts';
import type { JsonRecord } from '#domain';
import { sendAnswer } from './answers.js';
import type { ApiRequest } from './api-request.js';
import { Allow } from './authentication.guard.js';
import { Documented } from './documented.js';
import { Quotes } from './quotes.js';

@ApiTags('Quotes')
@Controller(QUOTES_PATH)
export class QuotesController {
  constructor(private readonly quotes: Quotes) {}

  /** What an amount costs in another currency, until `expires_at`: with the rate, who says so, and every line of the price. */
  @Post()
  @Allow('agent')
  @Documented({
    body: QuoteRequest,
    answers: { 201: QuoteResource },
    problems: ['agent_suspended', 'currency_unsupported', 'rate_unavailable'],
  })
  async ask(@Req() request: ApiRequest, @Res() reply: FastifyReply): Promise<void> {
    void sendAnswer(reply, await this.quotes.ask(request));
  }

  /** The quote as it stands now. */
  @Get(':id')
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    query: NoQuery,
    answers: { 200: QuoteResource },
    problems: ['not_found'],
  })
  get(@Req() request: ApiRequest, @Param() params: { id: string }): Promise<JsonRecord> {
    return this.quotes.get(request, params);
  }
}

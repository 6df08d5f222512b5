import { Controller, Delete, Get, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  NoQuery,
  type Page,
  PageQuery,
  PaymentMethodRequest,
  PaymentMethodResource,
} from '#contracts';
import type { JsonRecord } from '#domain';
import { sendAnswer } from './answers.js';
import type { ApiRequest } from './api-request.js';
import { Allow } from './authentication.guard.js';
import { Documented } from './documented.js';
import { PAYMENT_METHODS_PATH, PaymentMethods } from './payment-methods.js';

@ApiTags('Payment methods')
@Controller(PAYMENT_METHODS_PATH)
export class PaymentMethodsController {
  constructor(private readonly methods: PaymentMethods) {}

  /** Exchanges a card for a token. An agent's is its own; an operator's is for all agents of the tenant. */
  @Post()
  @Allow('agent', 'operator')
  @Documented({
    body: PaymentMethodRequest,
    answers: { 201: PaymentMethodResource },
    problems: ['agent_suspended', 'fraud_blocked'],
  })
  async tokenize(@Req() request: ApiRequest, @Res() reply: FastifyReply): Promise<void> {
    void sendAnswer(reply, await this.methods.tokenize(request));
  }

  /** What the token shows of the card. */
  @Get(':id')
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    query: NoQuery,
    answers: { 200: PaymentMethodResource },
    problems: ['not_found'],
  })
  get(@Req() request: ApiRequest, @Param() params: { id: string }): Promise<JsonRecord> {
    return this.methods.get(request, params);
  }

  /** The newest first. An agent sees its own and those for all agents. */
  @Get()
  @Allow('agent', 'operator')
  @Documented({ query: PageQuery, answers: { 200: { pageOf: PaymentMethodResource } } })
  list(@Req() request: ApiRequest): Promise<Page> {
    return this.methods.list(request);
  }

  /** Nobody can pay with it from now on, and the card is destroyed. What was paid with it before stays as it is. */
  @Delete(':id')
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    query: NoQuery,
    answers: { 200: PaymentMethodResource },
    problems: ['not_found'],
  })
  async erase(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    void sendAnswer(reply, await this.methods.erase(request, params));
  }
}

import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  ApproveRequest,
  CaptureRequest,
  DenyRequest,
  EmptyRequest,
  EventResource,
  ExplanationResource,
  NoQuery,
  PAYMENT_INTENTS_PATH,
  type Page,
  PaymentIntentEventsQuery,
  PaymentIntentListQuery,
  PaymentIntentRequest,
  PaymentIntentResource,
  RefundRequest,
  RefundResource,
} from '#contracts';
import type { JsonRecord } from '#domain';
import { sendAnswer } from './answers.js';
import type { ApiRequest } from './api-request.js';
import { Allow } from './authentication.guard.js';
import { Documented } from './documented.js';
import { PaymentIntents } from './payment-intents.js';

@ApiTags('Payment intents')
@Controller(PAYMENT_INTENTS_PATH)
export class PaymentIntentsController {
  constructor(private readonly payments: PaymentIntents) {}

  /** Pays once. A decline is a concluded payment; refusals before any attempt are problems. */
  @Post()
  @Allow('agent')
  @Documented({
    body: PaymentIntentRequest,
    prefer: true,
    answers: { 201: PaymentIntentResource, 202: PaymentIntentResource },
    problems: [
      'agent_suspended',
      'not_found',
      'currency_unsupported',
      'possible_duplicate',
      'mandate_required',
      'mandate_expired',
      'mandate_revoked',
      'mandate_limit_exceeded',
      'payee_not_allowed',
      'category_not_allowed',
      'currency_not_allowed',
      'policy_denied',
      'approval_denied',
      'approval_expired',
      'fraud_blocked',
      'velocity_exceeded',
      'no_processor_available',
    ],
  })
  async create(@Req() request: ApiRequest, @Res() reply: FastifyReply): Promise<void> {
    void sendAnswer(reply, await this.payments.create(request));
  }

  /** The payment as it stands now. */
  @Get(':id')
  @Allow('agent', 'operator', 'approver', 'auditor')
  @Documented({
    params: ['id'],
    query: NoQuery,
    answers: { 200: PaymentIntentResource },
    problems: ['not_found'],
  })
  get(@Req() request: ApiRequest, @Param() params: { id: string }): Promise<JsonRecord> {
    return this.payments.get(request, params);
  }

  /** The newest first. An agent sees its own. */
  @Get()
  @Allow('agent', 'operator', 'approver', 'auditor')
  @Documented({
    query: PaymentIntentListQuery,
    answers: { 200: { pageOf: PaymentIntentResource } },
  })
  list(@Req() request: ApiRequest): Promise<Page> {
    return this.payments.list(request);
  }

  /** The payment's stream itself. */
  @Get(':id/events')
  @Allow('operator', 'auditor')
  @Documented({
    params: ['id'],
    query: PaymentIntentEventsQuery,
    answers: { 200: { pageOf: EventResource } },
    problems: ['not_found'],
  })
  events(@Req() request: ApiRequest, @Param() params: { id: string }): Promise<JsonRecord> {
    return this.payments.events(request, params);
  }

  /** Every rule that was looked at, in words and as data. */
  @Get(':id/explanation')
  @Allow('agent', 'operator', 'approver', 'auditor')
  @Documented({
    params: ['id'],
    query: NoQuery,
    answers: { 200: ExplanationResource },
    problems: ['not_found'],
  })
  explanation(@Req() request: ApiRequest, @Param() params: { id: string }): Promise<JsonRecord> {
    return this.payments.explanation(request, params);
  }

  /** Takes what is held, all of it or a part; the rest is let go. */
  @Post(':id/capture')
  @HttpCode(200)
  @Allow('agent')
  @Documented({
    params: ['id'],
    body: CaptureRequest,
    prefer: true,
    answers: { 200: PaymentIntentResource, 202: PaymentIntentResource },
    problems: [
      'not_found',
      'agent_suspended',
      'mandate_revoked',
      'invalid_transition',
      'amount_exceeds_capturable',
    ],
  })
  async capture(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    void sendAnswer(reply, await this.payments.capture(request, params));
  }

  /** Undoes what can be undone: nothing new is begun, what is held is let go, what moved meanwhile comes back. */
  @Post(':id/cancel')
  @HttpCode(200)
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    body: EmptyRequest,
    prefer: true,
    answers: { 200: PaymentIntentResource, 202: PaymentIntentResource },
    problems: ['not_found', 'invalid_transition'],
  })
  async cancel(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    void sendAnswer(reply, await this.payments.cancel(request, params));
  }

  /** Gives back what was captured, all that is left or a part; as often as something is left. */
  @Post(':id/refunds')
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    body: RefundRequest,
    prefer: true,
    answers: { 201: RefundResource, 202: PaymentIntentResource },
    problems: ['not_found', 'invalid_transition', 'amount_exceeds_refundable'],
  })
  async refund(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    void sendAnswer(reply, await this.payments.refund(request, params));
  }

  /** Lets a payment go on that waits for a human; the judges are asked again. */
  @Post(':id/approve')
  @HttpCode(200)
  @Allow('approver')
  @Documented({
    params: ['id'],
    body: ApproveRequest,
    answers: { 200: PaymentIntentResource },
    problems: ['not_found', 'invalid_transition', 'approval_expired'],
  })
  async approve(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    void sendAnswer(reply, await this.payments.approve(request, params));
  }

  /** Ends a payment that waits for a human. */
  @Post(':id/deny')
  @HttpCode(200)
  @Allow('approver')
  @Documented({
    params: ['id'],
    body: DenyRequest,
    answers: { 200: PaymentIntentResource },
    problems: ['not_found', 'invalid_transition', 'approval_expired'],
  })
  async deny(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    void sendAnswer(reply, await this.payments.deny(request, params));
  }
}

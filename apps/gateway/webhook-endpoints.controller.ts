import { Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  EmptyRequest,
  NoQuery,
  type Page,
  PageQuery,
  ResendRequest,
  WEBHOOK_ENDPOINTS_PATH,
  WebhookDeliveryResource,
  WebhookEndpointRequest,
  WebhookEndpointResource,
  WebhookResendResource,
  WebhookSecretResource,
  WebhookStatusResource,
} from '#contracts';
import type { JsonRecord } from '#domain';
import { sendAnswer } from './answers.js';
import type { ApiRequest } from './api-request.js';
import { Allow } from './authentication.guard.js';
import { Documented } from './documented.js';
import { WebhookEndpoints } from './webhook-endpoints.js';

type OfOne = { id: string };

/** Where events are sent to, as they happen: the same that `GET /v1/events` shows, signed by the Standard Webhooks specification. */
@ApiTags('Webhooks')
@Controller(WEBHOOK_ENDPOINTS_PATH)
export class WebhookEndpointsController {
  constructor(private readonly endpoints: WebhookEndpoints) {}

  /** From now on an agent's endpoint hears of its own payments, an operator's of all of the tenant. The secret is shown here only. */
  @Post()
  @Allow('agent', 'operator')
  @Documented({
    body: WebhookEndpointRequest,
    answers: { 201: WebhookSecretResource },
    problems: ['agent_suspended', 'invalid_transition'],
  })
  async register(@Req() request: ApiRequest, @Res() reply: FastifyReply): Promise<void> {
    void sendAnswer(reply, await this.endpoints.register(request));
  }

  /** An agent's own, or all of the tenant, the newest first. */
  @Get()
  @Allow('agent', 'operator')
  @Documented({ query: PageQuery, answers: { 200: { pageOf: WebhookEndpointResource } } })
  list(@Req() request: ApiRequest): Promise<Page> {
    return this.endpoints.list(request);
  }

  @Get(':id')
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    query: NoQuery,
    answers: { 200: WebhookEndpointResource },
    problems: ['not_found'],
  })
  get(@Req() request: ApiRequest, @Param() params: OfOne): Promise<JsonRecord> {
    return this.endpoints.get(request, params);
  }

  /** Nothing is sent there any more, and what waited is forgotten. */
  @Delete(':id')
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    query: NoQuery,
    answers: { 200: WebhookStatusResource },
    problems: ['not_found'],
  })
  async delete(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: OfOne,
  ): Promise<void> {
    void sendAnswer(reply, await this.endpoints.delete(request, params));
  }

  /** Another secret, shown here only. For a day the one before signs as well. */
  @Post(':id/rotate_secret')
  @HttpCode(200)
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    body: EmptyRequest,
    answers: { 200: WebhookSecretResource },
    problems: ['not_found', 'agent_suspended'],
  })
  async rotateSecret(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: OfOne,
  ): Promise<void> {
    void sendAnswer(reply, await this.endpoints.rotateSecret(request, params));
  }

  /** Sends what happened meanwhile, and from now on. */
  @Post(':id/enable')
  @HttpCode(200)
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    body: EmptyRequest,
    answers: { 200: WebhookStatusResource },
    problems: ['not_found', 'agent_suspended'],
  })
  async enable(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: OfOne,
  ): Promise<void> {
    void sendAnswer(reply, await this.endpoints.enable(request, params));
  }

  /** Nothing is sent until it is enabled; nothing is lost. */
  @Post(':id/disable')
  @HttpCode(200)
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    body: EmptyRequest,
    answers: { 200: WebhookStatusResource },
    problems: ['not_found'],
  })
  async disable(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: OfOne,
  ): Promise<void> {
    void sendAnswer(reply, await this.endpoints.disable(request, params));
  }

  /** Sends an event once more, and tries again until it arrives. */
  @Post(':id/resend')
  @HttpCode(202)
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    body: ResendRequest,
    answers: { 202: WebhookResendResource },
    problems: ['not_found', 'invalid_transition', 'agent_suspended'],
  })
  async resend(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: OfOne,
  ): Promise<void> {
    void sendAnswer(reply, await this.endpoints.resend(request, params));
  }

  /** What was tried, the newest first: the last 10,000 tries. */
  @Get(':id/deliveries')
  @Allow('agent', 'operator')
  @Documented({
    params: ['id'],
    query: PageQuery,
    answers: { 200: { pageOf: WebhookDeliveryResource } },
    problems: ['not_found'],
  })
  deliveries(@Req() request: ApiRequest, @Param() params: OfOne): Promise<Page> {
    return this.endpoints.deliveries(request, params);
  }
}

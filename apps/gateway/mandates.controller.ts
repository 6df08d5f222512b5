import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Bus } from '#bus';
import { EmptyRequest, MandateRequest, MandateResource, type Messages } from '#contracts';
import { sendAnswer } from './answers.js';
import type { ApiRequest } from './api-request.js';
import { Allow } from './authentication.guard.js';
import { MANDATE_ID, idOf, readCall } from './calls.js';
import { Documented } from './documented.js';

const MANDATES_PATH = '/v1/mandates';

@ApiTags('Mandates')
@Controller(MANDATES_PATH)
export class MandatesController {
  constructor(private readonly bus: Bus<Messages>) {}

  /** What an agent may spend from now on. */
  @Post()
  @Allow('operator')
  @Documented({
    body: MandateRequest,
    answers: { 201: MandateResource },
    problems: ['currency_unsupported', 'not_found', 'mandate_revoked'],
  })
  async grant(@Req() request: ApiRequest, @Res() reply: FastifyReply): Promise<void> {
    const call = readCall(request, MANDATES_PATH, MandateRequest);
    const grant = { ...call, terms: call.request };
    void sendAnswer(reply, await this.bus.request('commands.mandate.grant', grant));
  }

  /** Nothing more is reserved under it; what is held is settled. */
  @Post(':id/revoke')
  @HttpCode(200)
  @Allow('operator')
  @Documented({
    params: ['id'],
    body: EmptyRequest,
    answers: { 200: MandateResource },
    problems: ['not_found', 'mandate_revoked'],
  })
  async revoke(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    const mandate = idOf(params, MANDATE_ID);
    const call = readCall(request, `${MANDATES_PATH}/${mandate}/revoke`, EmptyRequest);
    void sendAnswer(reply, await this.bus.request('commands.mandate.revoke', { ...call, mandate }));
  }
}

import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Bus } from '#bus';
import {
  AgentKeyResource,
  AgentRequest,
  AgentResource,
  EmptyRequest,
  type Messages,
} from '#contracts';
import { sendAnswer } from './answers.js';
import type { ApiRequest } from './api-request.js';
import { Allow } from './authentication.guard.js';
import { AGENT_ID, KEY_ID, idOf, readCall } from './calls.js';
import { Documented } from './documented.js';

const AGENTS_PATH = '/v1/agents';

@ApiTags('Agents')
@Controller(AGENTS_PATH)
export class AgentsController {
  constructor(private readonly bus: Bus<Messages>) {}

  /** A new agent and its first key, which is shown here only. */
  @Post()
  @Allow('operator')
  @Documented({ body: AgentRequest, answers: { 201: AgentKeyResource } })
  async register(@Req() request: ApiRequest, @Res() reply: FastifyReply): Promise<void> {
    const call = readCall(request, AGENTS_PATH, AgentRequest);
    const { name } = call.request;
    void sendAnswer(reply, await this.bus.request('commands.agent.register', { ...call, name }));
  }

  /** Another key for an agent, shown here only. */
  @Post(':id/keys')
  @Allow('operator')
  @Documented({
    params: ['id'],
    body: EmptyRequest,
    answers: { 201: AgentKeyResource },
    problems: ['not_found'],
  })
  async issueKey(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    const agent = idOf(params, AGENT_ID);
    const call = readCall(request, `${AGENTS_PATH}/${agent}/keys`, EmptyRequest);
    void sendAnswer(reply, await this.bus.request('commands.agent.issue_key', { ...call, agent }));
  }

  /** The key is no key any more; the agent's other keys stay. */
  @Post(':id/keys/:key_id/revoke')
  @HttpCode(200)
  @Allow('operator')
  @Documented({
    params: ['id', 'key_id'],
    body: EmptyRequest,
    answers: { 200: AgentResource },
    problems: ['not_found'],
  })
  async revokeKey(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string; key_id: string },
  ): Promise<void> {
    const agent = idOf(params, AGENT_ID);
    const key = idOf({ id: params.key_id }, KEY_ID);
    const call = readCall(request, `${AGENTS_PATH}/${agent}/keys/${key}/revoke`, EmptyRequest);
    const revoke = { ...call, agent, key };
    void sendAnswer(reply, await this.bus.request('commands.agent.revoke_key', revoke));
  }

  /** The agent starts nothing more; what runs concludes. */
  @Post(':id/suspend')
  @HttpCode(200)
  @Allow('operator')
  @Documented({
    params: ['id'],
    body: EmptyRequest,
    answers: { 200: AgentResource },
    problems: ['not_found'],
  })
  async suspend(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    const agent = idOf(params, AGENT_ID);
    const call = readCall(request, `${AGENTS_PATH}/${agent}/suspend`, EmptyRequest);
    void sendAnswer(reply, await this.bus.request('commands.agent.suspend', { ...call, agent }));
  }

  /** Ends a suspension. */
  @Post(':id/resume')
  @HttpCode(200)
  @Allow('operator')
  @Documented({
    params: ['id'],
    body: EmptyRequest,
    answers: { 200: AgentResource },
    problems: ['not_found'],
  })
  async resume(
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
    @Param() params: { id: string },
  ): Promise<void> {
    const agent = idOf(params, AGENT_ID);
    const call = readCall(request, `${AGENTS_PATH}/${agent}/resume`, EmptyRequest);
    void sendAnswer(reply, await this.bus.request('commands.agent.resume', { ...call, agent }));
  }
}

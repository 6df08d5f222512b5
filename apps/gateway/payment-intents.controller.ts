import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Bus, BusError } from '#bus';
import {
  type Answer,
  EventResource,
  ExplanationResource,
  type Messages,
  NoQuery,
  PAYMENT_INTENTS_PATH,
  type Page,
  PaymentIntentEventsQuery,
  PaymentIntentListQuery,
  PaymentIntentRequest,
  PaymentIntentResource,
  deriveId,
} from '#contracts';
import type { JsonRecord } from '#domain';
import { Metrics } from '#metrics';
import { Trouble } from '#platform';
import { sendAnswer } from './answers.js';
import type { Access, ApiRequest } from './api-request.js';
import { Allow, accessOf } from './authentication.guard.js';
import { PAYMENT_INTENT_ID, found, idOf, readCall, readQuery } from './calls.js';
import { Documented } from './documented.js';
import { pageOf } from './pages.js';
import { paymentOutcome } from './payment-outcome.js';
import { waitMsOf } from './prefer.js';
import { ProblemException } from './problem.exception.js';

/** What the write side may need beyond the wait that the caller asked for. */
const ANSWER_WITHIN_MS = 10_000;

type Create = Messages['commands.payment_intent.create']['request'];

@ApiTags('Payment intents')
@Controller(PAYMENT_INTENTS_PATH)
export class PaymentIntentsController {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly metrics: Metrics,
    private readonly trouble: Trouble,
  ) {}

  /** Pays once. A decline is a concluded payment; refusals before any attempt are problems. */
  @Post()
  @Allow('agent')
  @Documented({
    body: PaymentIntentRequest,
    prefer: true,
    answers: { 201: PaymentIntentResource, 202: PaymentIntentResource },
    problems: [
      'agent_suspended',
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
      'fraud_blocked',
      'velocity_exceeded',
      'no_processor_available',
    ],
  })
  async create(@Req() request: ApiRequest, @Res() reply: FastifyReply): Promise<void> {
    const access = accessOf(request);
    if (access.agent?.status === 'suspended')
      throw new ProblemException('agent_suspended', 'The agent is suspended and cannot pay.');
    const call = readCall(request, PAYMENT_INTENTS_PATH, PaymentIntentRequest);
    readQuery(request, NoQuery);
    const waitMs = waitMsOf(request.headers.prefer);
    const mandate = call.request.mandate ?? onlyMandate(access);
    const answered = await this.pay({ ...call, mandate, waitMs });
    if (!answered.headers['idempotent-replayed'])
      this.metrics.countPayment(paymentOutcome(answered));
    void sendAnswer(reply, answered);
  }

  /** The payment as it stands now. */
  @Get(':id')
  @Allow('agent', 'operator', 'auditor')
  @Documented({
    params: ['id'],
    query: NoQuery,
    answers: { 200: PaymentIntentResource },
    problems: ['not_found'],
  })
  async get(@Req() request: ApiRequest, @Param() params: { id: string }): Promise<JsonRecord> {
    const id = idOf(params, PAYMENT_INTENT_ID);
    readQuery(request, NoQuery);
    const asked = { ...ownershipOf(accessOf(request)), id };
    return found(await this.bus.request('queries.payment_intent.get', asked));
  }

  /** The newest first. An agent sees its own. */
  @Get()
  @Allow('agent', 'operator', 'auditor')
  @Documented({
    query: PaymentIntentListQuery,
    answers: { 200: { pageOf: PaymentIntentResource } },
  })
  async list(@Req() request: ApiRequest): Promise<Page> {
    const query = readQuery(request, PaymentIntentListQuery);
    const { tenant, agent } = ownershipOf(accessOf(request));
    if (agent !== null && query.agent !== undefined && query.agent !== agent)
      return { data: [], next_cursor: null };
    return this.bus.request('queries.payment_intent.list', {
      tenant,
      agent: agent ?? query.agent ?? null,
      status: query.status ?? null,
      payee: query.payee ?? null,
      createdAfter: query.created_after ?? null,
      createdBefore: query.created_before ?? null,
      ...pageOf(query),
    });
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
  async events(@Req() request: ApiRequest, @Param() params: { id: string }): Promise<JsonRecord> {
    const id = idOf(params, PAYMENT_INTENT_ID);
    const { cursor, from_revision, as_of, limit } = readQuery(request, PaymentIntentEventsQuery);
    const page = await this.bus.request('queries.payment_intent.events', {
      tenant: accessOf(request).principal.tenant,
      id,
      fromRevision: Number(cursor ?? from_revision ?? 0),
      asOf: as_of ?? null,
      limit: Number(limit ?? 100),
    });
    return found(page);
  }

  /** Every rule that was looked at, in words and as data. */
  @Get(':id/explanation')
  @Allow('agent', 'operator', 'auditor')
  @Documented({
    params: ['id'],
    query: NoQuery,
    answers: { 200: ExplanationResource },
    problems: ['not_found'],
  })
  async explanation(
    @Req() request: ApiRequest,
    @Param() params: { id: string },
  ): Promise<JsonRecord> {
    const id = idOf(params, PAYMENT_INTENT_ID);
    readQuery(request, NoQuery);
    const asked = { ...ownershipOf(accessOf(request)), id };
    return found(await this.bus.request('queries.payment_intent.explanation', asked));
  }

  private async pay(create: Create): Promise<Answer> {
    const timeoutMs = create.waitMs + ANSWER_WITHIN_MS;
    try {
      return await this.bus.request('commands.payment_intent.create', create, { timeoutMs });
    } catch (error) {
      // Without a responder nothing happened; otherwise the request may be durable, and the money with it.
      if (!(error instanceof BusError) || error.reason === 'no_responder') throw error;
      this.trouble.report(`payment request, trace ${create.traceId}`, error);
      throw doubtful(error, create);
    }
  }
}

/** Nobody knows whether the payment was begun; its id tells, and the same key is safe. */
function doubtful({ reason, errorName }: BusError, create: Create): ProblemException {
  const { tenant, id: principal } = create.principal;
  const id = deriveId(tenant, principal, 'POST', create.path, create.idempotencyKey);
  const unavailable = errorName === 'StoreUnavailableError';
  const code = reason === 'timeout' ? 'overloaded' : unavailable ? 'store_unavailable' : 'internal';
  return new ProblemException(
    code,
    'Whether this payment was begun is not known; send it again with the same key.',
    {
      moneyState: 'unknown',
      remedies: [{ type: 'fetch', actor: 'agent', url: `${PAYMENT_INTENTS_PATH}/pi_${id}` }],
    },
  );
}

function onlyMandate({ agent }: Access): string | null {
  const [only, ...others] = agent?.mandates ?? [];
  return only !== undefined && others.length === 0 ? only : null;
}

/** Agents see what is theirs, people what is their tenant's. */
function ownershipOf({ principal }: Access): { tenant: string; agent: string | null } {
  const { tenant, role, id } = principal;
  return { tenant, agent: role === 'agent' ? id : null };
}

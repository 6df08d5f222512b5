import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Bus, BusError } from '#bus';
import {
  type Answer,
  ApproveRequest,
  type Call,
  CaptureRequest,
  DenyRequest,
  EmptyRequest,
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
  type PaymentOperation,
  RefundRequest,
  RefundResource,
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
      'approval_denied',
      'approval_expired',
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
  @Allow('agent', 'operator', 'approver', 'auditor')
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
  @Allow('agent', 'operator', 'approver', 'auditor')
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
  @Allow('agent', 'operator', 'approver', 'auditor')
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
    const { agent } = accessOf(request);
    if (agent?.status === 'suspended')
      throw new ProblemException('agent_suspended', 'The agent is suspended; it can only cancel.');
    const activeMandates = agent?.mandates ?? [];
    await this.operate(request, reply, params, 'capture', CaptureRequest, ({ amount = null }) => {
      return { kind: 'capture', amountMinor: amount, activeMandates };
    });
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
    await this.operate(request, reply, params, 'cancel', EmptyRequest, () => ({ kind: 'cancel' }));
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
    await this.operate(request, reply, params, 'refunds', RefundRequest, (body) => {
      const { amount = null, reason } = body;
      return { kind: 'refund', amountMinor: amount, reason };
    });
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
    await this.operate(request, reply, params, 'approve', ApproveRequest, (body) => {
      return { kind: 'approve', fingerprint: body.fingerprint ?? null };
    });
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
    await this.operate(request, reply, params, 'deny', DenyRequest, ({ reason = null }) => {
      return { kind: 'deny', reason };
    });
  }

  private async operate<T extends object>(
    request: ApiRequest,
    reply: FastifyReply,
    params: { id: string },
    name: string,
    bodyClass: new () => T,
    operationOf: (body: T) => PaymentOperation,
  ): Promise<void> {
    const id = idOf(params, PAYMENT_INTENT_ID);
    const call = readCall(request, `${PAYMENT_INTENTS_PATH}/${id}/${name}`, bodyClass);
    readQuery(request, NoQuery);
    const waitMs = waitMsOf(request.headers.prefer);
    const operation = operationOf(call.request);
    const asked = { ...call, id, waitMs, operation };
    const limit = { timeoutMs: waitMs + ANSWER_WITHIN_MS };
    const answered = await this.doubted(asked, id, () =>
      this.bus.request('commands.payment_intent.operate', asked, limit),
    );
    void sendAnswer(reply, answered);
  }

  private pay(create: Create): Promise<Answer> {
    const limit = { timeoutMs: create.waitMs + ANSWER_WITHIN_MS };
    const { principal, path, idempotencyKey } = create;
    const id = deriveId(principal.tenant, principal.id, 'POST', path, idempotencyKey);
    return this.doubted(create, `pi_${id}`, () =>
      this.bus.request('commands.payment_intent.create', create, limit),
    );
  }

  private async doubted(call: Call, id: string, ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      // Without a responder nothing happened; otherwise the request may be durable, and the money with it.
      if (!(error instanceof BusError) || error.reason === 'no_responder') throw error;
      this.trouble.report(`${call.path}, trace ${call.traceId}`, error);
      throw doubtful(error, id);
    }
  }
}

/** Nobody knows whether it was begun; the payment tells, and the same key is safe. */
function doubtful({ reason, errorName }: BusError, id: string): ProblemException {
  const unavailable = errorName === 'StoreUnavailableError' || errorName === 'LogDamagedError';
  const code = reason === 'timeout' ? 'overloaded' : unavailable ? 'store_unavailable' : 'internal';
  return new ProblemException(
    code,
    'Whether this was begun is not known; send it again with the same key.',
    {
      moneyState: 'unknown',
      remedies: [{ type: 'fetch', actor: 'agent', url: `${PAYMENT_INTENTS_PATH}/${id}` }],
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

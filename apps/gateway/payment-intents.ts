import { Injectable } from '@nestjs/common';
import { Bus, BusError } from '#bus';
import {
  type Answer,
  ApproveRequest,
  type Call,
  CaptureRequest,
  DenyRequest,
  EmptyRequest,
  type Messages,
  NoQuery,
  PAYMENT_INTENTS_PATH,
  type Page,
  PaymentIntentEventsQuery,
  PaymentIntentListQuery,
  PaymentIntentRequest,
  type PaymentOperation,
  RefundRequest,
  deriveId,
} from '#contracts';
import type { JsonRecord } from '#domain';
import { Metrics } from '#metrics';
import { Trouble } from '#platform';
import { Admission } from './admission.js';
import type { Access, ApiRequest } from './api-request.js';
import { accessOf } from './authentication.guard.js';
import { PAYMENT_INTENT_ID, found, idOf, readCall, readQuery } from './calls.js';
import { pageOf } from './pages.js';
import { paymentOutcome } from './payment-outcome.js';
import { waitMsOf } from './prefer.js';
import { ProblemException } from './problem.exception.js';

/** What the write side may need beyond the wait that the caller asked for. */
const ANSWER_WITHIN_MS = 10_000;

type Create = Messages['commands.payment_intent.create']['request'];
type OfOne = { id: string };

/**
 * What can be asked about payments: from a request that came in by any door to the call on the bus. Who may ask what is the
 * door's to say. Every method throws ProblemException and BusError.
 */
@Injectable()
export class PaymentIntents {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly metrics: Metrics,
    private readonly trouble: Trouble,
    private readonly admission: Admission,
  ) {}

  async create(request: ApiRequest): Promise<Answer> {
    const access = accessOf(request);
    if (access.agent?.status === 'suspended')
      throw new ProblemException('agent_suspended', 'The agent is suspended and cannot pay.');
    const call = readCall(request, PAYMENT_INTENTS_PATH, PaymentIntentRequest);
    readQuery(request, NoQuery);
    const waitMs = waitMsOf(request.headers.prefer);
    const mandate = call.request.mandate ?? onlyMandate(access);
    await this.admission.admit();
    const answered = await this.pay({ ...call, mandate, waitMs });
    if (!answered.headers['idempotent-replayed'])
      this.metrics.countPayment(paymentOutcome(answered));
    return answered;
  }

  async get(request: ApiRequest, params: OfOne): Promise<JsonRecord> {
    const id = idOf(params, PAYMENT_INTENT_ID);
    readQuery(request, NoQuery);
    const asked = { ...ownershipOf(accessOf(request)), id };
    return found(await this.bus.request('queries.payment_intent.get', asked));
  }

  async list(request: ApiRequest): Promise<Page> {
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

  async events(request: ApiRequest, params: OfOne): Promise<JsonRecord> {
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

  async explanation(request: ApiRequest, params: OfOne): Promise<JsonRecord> {
    const id = idOf(params, PAYMENT_INTENT_ID);
    readQuery(request, NoQuery);
    const asked = { ...ownershipOf(accessOf(request)), id };
    return found(await this.bus.request('queries.payment_intent.explanation', asked));
  }

  async capture(request: ApiRequest, params: OfOne): Promise<Answer> {
    const { agent } = accessOf(request);
    if (agent?.status === 'suspended')
      throw new ProblemException('agent_suspended', 'The agent is suspended; it can only cancel.');
    const activeMandates = agent?.mandates ?? [];
    return this.operate(request, params, 'capture', CaptureRequest, ({ amount = null }) => {
      return { kind: 'capture', amountMinor: amount, activeMandates };
    });
  }

  cancel(request: ApiRequest, params: OfOne): Promise<Answer> {
    return this.operate(request, params, 'cancel', EmptyRequest, () => ({ kind: 'cancel' }));
  }

  refund(request: ApiRequest, params: OfOne): Promise<Answer> {
    return this.operate(request, params, 'refunds', RefundRequest, (body) => {
      const { amount = null, reason } = body;
      return { kind: 'refund', amountMinor: amount, reason };
    });
  }

  approve(request: ApiRequest, params: OfOne): Promise<Answer> {
    return this.operate(request, params, 'approve', ApproveRequest, (body) => {
      return { kind: 'approve', fingerprint: body.fingerprint ?? null };
    });
  }

  deny(request: ApiRequest, params: OfOne): Promise<Answer> {
    return this.operate(request, params, 'deny', DenyRequest, ({ reason = null }) => {
      return { kind: 'deny', reason };
    });
  }

  private async operate<T extends object>(
    request: ApiRequest,
    params: OfOne,
    name: string,
    bodyClass: new () => T,
    operationOf: (body: T) => PaymentOperation,
  ): Promise<Answer> {
    const id = idOf(params, PAYMENT_INTENT_ID);
    const call = readCall(request, `${PAYMENT_INTENTS_PATH}/${id}/${name}`, bodyClass);
    readQuery(request, NoQuery);
    const waitMs = waitMsOf(request.headers.prefer);
    const operation = operationOf(call.request);
    const asked = { ...call, id, waitMs, operation };
    const limit = { timeoutMs: waitMs + ANSWER_WITHIN_MS };
    return this.doubted(asked, id, () =>
      this.bus.request('commands.payment_intent.operate', asked, limit),
    );
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

import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import {
  type NatsConnection,
  NatsEndpoints,
  type NatsReply,
  type NatsRequest,
  serviceErrorHeaders,
} from '#bus/nats';
import type { Answer, Messages } from '#contracts';
import { Metrics } from '#metrics';
import { Clock, Random, Timers } from '#platform';
import { headersOf, problemAnswer } from '../answers.js';
import type { Access } from '../api-request.js';
import { EventFeed } from '../event-feed.js';
import { PaymentIntents } from '../payment-intents.js';
import { ProblemException } from '../problem.exception.js';
import { Refusals } from '../refusals.js';
import { Standing } from '../standing.js';
import { type AgentOperation, agentOperations } from './agent-operations.js';
import { readMessage, requestOf } from './message.request.js';

/** Tenant and agent stand for the stars. */
const SUBJECTS = 'bursar.v1.*.*.';

const FACTS = {
  service: 'bursar-gateway',
  description: 'Payments for agents: the API of HTTP on subjects of their own.',
  version: '1.0.0',
  queue: 'gateway',
};

/** A server that asks nobody who they are lets everybody pay as everybody. */
export class AnonymousNatsError extends Error {
  constructor() {
    super('the NATS server lets anybody in, so that anybody could pay as any agent');
    this.name = 'AnonymousNatsError';
  }
}

/**
 * The agents' door on NATS: `bursar.v1.<tenant>.<agent>.<resource>.<verb>`, the JSON, the headers and the problems of HTTP. Who
 * asks is who may publish on that subject, which the server's permissions enforce; nothing in a message changes it.
 */
@Injectable()
export class AgentsDoor {
  private readonly operations: AgentOperation[];
  private endpoints: NatsEndpoints | undefined;

  constructor(
    payments: PaymentIntents,
    standing: Standing,
    feed: EventFeed,
    private readonly bus: Bus<Messages>,
    private readonly refusals: Refusals,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly timers: Timers,
  ) {
    this.operations = agentOperations(payments, standing, feed);
  }

  /** @throws AnonymousNatsError, and Error when the server does not let us serve the subjects */
  async open(connection: NatsConnection, { allowAnonymous = false } = {}): Promise<void> {
    if (!connection.isGuarded && !allowAnonymous) throw new AnonymousNatsError();
    const endpoints = this.operations.map((operation) => ({
      name: operation.name.replaceAll('.', '-'),
      subject: SUBJECTS + operation.name,
      metadata: metadataOf(operation),
      answer: (message: NatsRequest) => this.answer(operation, message),
    }));
    this.endpoints = await NatsEndpoints.serve(connection, this.timers, FACTS, endpoints);
  }

  /** Takes no more requests and answers those that came, within that time. The connection stays. */
  async close(withinMs: number): Promise<void> {
    await this.endpoints?.close(withinMs);
  }

  private async answer(operation: AgentOperation, message: NatsRequest): Promise<NatsReply> {
    const startedMs = this.clock.monotonicMs();
    const request = requestOf(message, operation, this.random);
    let answered: Answer;
    try {
      request.access = await this.identify(message);
      const params = readMessage(request, operation);
      answered = await operation.run(request, params);
    } catch (error) {
      answered = problemAnswer(request, this.refusals.factsOf(error, request));
    }
    const { status } = answered;
    const seconds = (this.clock.monotonicMs() - startedMs) / 1000;
    this.metrics.observeMessage({ operation: operation.name, status, seconds });
    return replyOf(answered);
  }

  /** By the subject and nothing else. */
  private async identify({ subject }: NatsRequest): Promise<Access> {
    const [, , tenant = '', agent = ''] = subject.split('.');
    const access = await this.bus.request('queries.access.identify', { tenant, agent });
    if (!access)
      throw new ProblemException('unauthenticated', 'The subject names no agent of this tenant.');
    return access;
  }
}

function metadataOf({ method, path }: AgentOperation): Record<string, string> {
  return { method, path, idempotency_key: method === 'POST' ? 'required' : 'none' };
}

function replyOf(answered: Answer): NatsReply {
  const { status, body } = answered;
  const headers = Object.entries(headersOf(answered)).map(([name, value]) => [
    name.replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase()),
    value,
  ]);
  return {
    headers: {
      Status: String(status),
      ...Object.fromEntries(headers),
      ...(status >= 400 && serviceErrorHeaders(status, codeIn(body))),
    },
    body,
  };
}

function codeIn(problem: string): string {
  return (JSON.parse(problem) as { code: string }).code;
}

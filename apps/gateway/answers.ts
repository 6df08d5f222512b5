import type { FastifyReply } from 'fastify';
import { type Answer, type ProblemFacts, answer, problem } from '#contracts';
import { type ApiRequest, pathOf } from './api-request.js';

/** Sends an answer as it is: these bytes, and the headers that follow from them where it brings none. */
export function sendAnswer(reply: FastifyReply, given: Answer): FastifyReply {
  const headers = { ...answer(given).headers, ...given.headers };
  // As bytes: to a string Fastify would add a character set of its own.
  return reply.status(given.status).headers(headers).send(Buffer.from(given.body));
}

/** Sends a problem about this request. */
export function sendProblem(
  request: ApiRequest,
  reply: FastifyReply,
  facts: Omit<ProblemFacts, 'instance' | 'traceId'>,
): FastifyReply {
  const { traceId } = request;
  const refusal = answer(problem({ ...facts, instance: pathOf(request), traceId }));
  if (facts.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="bursar"');
  return sendAnswer(reply, refusal);
}

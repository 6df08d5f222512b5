import type { FastifyReply } from 'fastify';
import { type Answer, type ProblemFacts, answer, problem } from '#contracts';
import { type ApiRequest, pathOf } from './api-request.js';

type Facts = Omit<ProblemFacts, 'instance' | 'traceId'>;

/** An answer's headers: those that follow from it, and those that it brings. */
export function headersOf(given: Answer): Record<string, string> {
  return { ...answer(given).headers, ...given.headers };
}

/** A problem about this request. */
export function problemAnswer(request: ApiRequest, facts: Facts): Answer {
  const { traceId } = request;
  return answer(problem({ ...facts, instance: pathOf(request), traceId }));
}

/** Sends an answer over HTTP as it is: these bytes, and its headers. */
export function sendAnswer(reply: FastifyReply, given: Answer): FastifyReply {
  // As bytes: to a string Fastify would add a character set of its own.
  return reply.status(given.status).headers(headersOf(given)).send(Buffer.from(given.body));
}

export function sendProblem(request: ApiRequest, reply: FastifyReply, facts: Facts): FastifyReply {
  if (facts.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="bursar"');
  return sendAnswer(reply, problemAnswer(request, facts));
}

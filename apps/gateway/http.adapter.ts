import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { type ProblemFacts, problem } from '#contracts';
import type { Random } from '#platform';
import { sendProblem } from './answers.js';
import { BODY_MAX_BYTES } from './json-body.parser.js';
import { traceIdOf } from './trace-context.js';

const PARAM_MAX = 128;
const RECEIVE_WITHIN_MS = 30_000;

/** Fastify as the gateway wants it; what it refuses before any route is a problem too. */
export function createHttpAdapter(random: Random): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: RECEIVE_WITHIN_MS,
    routerOptions: { maxParamLength: PARAM_MAX },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error: { code: string }, request: FastifyRequest, reply: FastifyReply) => {
      request.traceId = traceIdOf(request.headers.traceparent, random);
      void sendProblem(request, reply, routeFacts(error));
    },
    clientErrorHandler: (_error: Error, socket: Socket) => refuseConnection(socket, random),
  });
}

function routeFacts({ code }: { code: string }): Omit<ProblemFacts, 'instance' | 'traceId'> {
  return code === 'FST_ERR_MAX_PARAM_LENGTH'
    ? { code: 'not_found', detail: 'There is no such resource.' }
    : { code: 'validation_failed', detail: 'The URL is not valid.' };
}

/** What came is no HTTP request, so there is no path, and nothing more is read from this connection. */
function refuseConnection(socket: Socket, random: Random): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body } = problem({
    code: 'validation_failed',
    detail: 'This is not a well-formed HTTP request.',
    instance: '/',
    traceId: random.bytes(16).toString('hex'),
  });
  const head = [
    `HTTP/1.1 ${status} Bad Request`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

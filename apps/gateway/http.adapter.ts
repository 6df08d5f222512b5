import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Server } from 'node:http';
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
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: RECEIVE_WITHIN_MS,
    // Missing ones are refused in `configure-http.ts`: Node would do it without a problem.
    http: { requireHostHeader: false },
    routerOptions: { maxParamLength: PARAM_MAX },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error: { code: string }, request: FastifyRequest, reply: FastifyReply) => {
      request.traceId = traceIdOf(request.headers.traceparent, random);
      void sendProblem(request, reply, routeFacts(error));
    },
    clientErrorHandler: (_error: Error, socket: Socket) => refuseConnection(socket, random),
  });
  ignoreExpectations(adapter.getInstance().server);
  return adapter;
}

/**
 * An `Expect` that nobody knows may be ignored (RFC 9110, 10.1.1); Node would answer it without a problem. And to a request that came
 * behind another one, Node would say "continue" in the middle of its answer: whoever sends ahead does not wait for it.
 */
function ignoreExpectations(server: Server): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('checkContinue', (request, response) => {
    // Without a socket it is not this answer's turn.
    if (response.socket) response.writeContinue();
    server.emit('request', request, response);
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
  // Not only our half: nobody reads from it any more, not even that the other side has gone.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

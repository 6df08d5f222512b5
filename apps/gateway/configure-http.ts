import type { NestApplicationOptions } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Metrics } from '#metrics';
import { Random } from '#platform';
import { sendProblem } from './answers.js';
import { serveDocumentation } from './openapi.js';
import { ProblemFilter } from './problem.filter.js';
import { traceIdOf } from './trace-context.js';

/** Nest's own parsers stay out: bodies are read as bytes and parsed strictly, after authentication. */
export const HTTP_OPTIONS = { bodyParser: false } satisfies NestApplicationOptions;

const NO_HOST = { code: 'validation_failed', detail: 'The Host header is missing.' } as const;

/**
 * Everything the gateway needs of an application made with `createHttpAdapter()` and `HTTP_OPTIONS`; called before it
 * listens. The documentation is built when it is first asked for.
 */
export function configureHttp(app: NestFastifyApplication): void {
  const random = app.get(Random);
  const metrics = app.get(Metrics);
  const fastify = app.getHttpAdapter().getInstance();
  app.useGlobalFilters(app.get(ProblemFilter));
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  fastify.decorateRequest('traceId', '');
  fastify.decorateRequest('access', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    request.traceId = traceIdOf(request.headers.traceparent, random);
    void reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    if (request.headers.host !== undefined || request.raw.httpVersion === '1.0') done();
    else void sendProblem(request, reply, NO_HOST);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    metrics.observeRequest({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
    });
    done();
  });
  serveDocumentation(app);
}

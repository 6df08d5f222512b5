import { HttpException, Injectable } from '@nestjs/common';
import { BusError } from '#bus';
import { PAYMENT_INTENTS_PATH, type ProblemFacts } from '#contracts';
import { Trouble } from '#platform';
import { type ApiRequest, pathOf } from './api-request.js';
import { BODY_TOO_LARGE } from './json-body.parser.js';
import { ProblemException } from './problem.exception.js';

type Facts = Omit<ProblemFacts, 'instance' | 'traceId'>;

/** What goes wrong, as whoever asked is told of it. */
@Injectable()
export class Refusals {
  constructor(private readonly trouble: Trouble) {}

  /** Whatever goes wrong becomes a problem; what nobody expected is reported with its trace and tells the caller nothing. */
  factsOf(error: unknown, request: ApiRequest): Facts {
    const facts = factsOf(error, request);
    const isOurs = error instanceof BusError && facts.code !== 'validation_failed';
    if (facts.code === 'internal' || isOurs)
      this.trouble.report(`${request.method} ${pathOf(request)}, trace ${request.traceId}`, error);
    // Nothing that is refused here went further; an exception that knows more says so itself.
    const aboutMoney = request.method === 'POST' && pathOf(request) === PAYMENT_INTENTS_PATH;
    return aboutMoney ? { moneyState: 'none', ...facts } : facts;
  }
}

function factsOf(error: unknown, request: ApiRequest): Facts {
  if (error instanceof ProblemException) return error.facts;
  if (error instanceof BusError) return busFacts(error);
  const status = statusOf(error);
  if (status === 404)
    return { code: 'not_found', detail: `There is no ${request.method} on this path.` };
  if (status === 413) return BODY_TOO_LARGE;
  if (status !== null && status >= 400 && status < 500)
    return { code: 'validation_failed', detail: 'The request is not acceptable HTTP.' };
  return { code: 'internal', detail: 'Something went wrong here; it was reported.' };
}

function busFacts({ reason, errorName }: BusError): Facts {
  if (errorName === 'InvalidCursorError') {
    const detail = 'This field must be the next_cursor of an earlier page.';
    const violations = [{ pointer: '/cursor', rule: 'cursor', detail }];
    return { code: 'validation_failed', detail, violations };
  }
  if (errorName === 'StoreUnavailableError' || errorName === 'LogDamagedError')
    return { code: 'store_unavailable', detail: 'The store does not answer now.' };
  if (errorName === 'ReadModelsBehindError')
    return { code: 'overloaded', detail: 'The read models are behind the log; ask again.' };
  if (reason === 'failed')
    return { code: 'internal', detail: 'Something went wrong here; it was reported.' };
  return { code: 'overloaded', detail: 'Nobody answered in time.' };
}

/** Of Nest's and of Fastify's own errors. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : null;
}

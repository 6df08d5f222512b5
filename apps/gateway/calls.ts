import { type Call, parseIdempotencyKey, validateRequest } from '#contracts';
import type { JsonRecord } from '#domain';
import { type ApiRequest, headerValues } from './api-request.js';
import { accessOf } from './authentication.guard.js';
import { refuseCardData } from './card-data.guard.js';
import { jsonBody } from './json-body.parser.js';
import { ProblemException } from './problem.exception.js';

type RequestClass<T> = new () => T;

/**
 * A caller's command: its key, its body checked against the class, and who asks. `path` is the route's own spelling: the same
 * operation has one name, however its URL was written.
 * @throws ProblemException
 */
export function readCall<T extends object>(
  request: ApiRequest,
  path: string,
  bodyClass: RequestClass<T>,
): Call & { request: T & JsonRecord } {
  const key = parseIdempotencyKey(headerValues(request, 'idempotency-key'));
  if (!key.ok) throw new ProblemException(key.code, key.detail);
  const body = checked(bodyClass, jsonBody(request), 'The body is not valid.');
  refuseCardData(body);
  return {
    principal: accessOf(request).principal,
    path,
    idempotencyKey: key.key,
    request: body,
    traceId: request.traceId,
  };
}

/** The query string, checked against the class. @throws ProblemException */
export function readQuery<T extends object>(request: ApiRequest, queryClass: RequestClass<T>): T {
  const query = { ...(request.query as Record<string, unknown>) };
  return checked(queryClass, query, 'The query is not valid.');
}

function checked<T extends object>(
  requestClass: RequestClass<T>,
  json: unknown,
  summary: string,
): T & JsonRecord {
  const result = validateRequest(requestClass, json);
  if (result.ok) return result.value;
  const { code, violations } = result;
  const [first] = violations;
  const detail = first
    ? `${summary} ${first.pointer || 'It'}: ${String(first['detail'])}`
    : summary;
  throw new ProblemException(code, detail, { violations });
}

/** The id of a path, or 404 when nothing can have such an id: nobody learns more about it. */
export function idOf(params: { id: string }, pattern: RegExp): string {
  if (!pattern.test(params.id)) throw notFound();
  return params.id;
}

export const PAYMENT_INTENT_ID = /^pi_[a-z2-7]{26}$/;
export const QUOTE_ID = /^qt_[a-z2-7]{26}$/;
export const AGENT_ID = /^agt_[A-Za-z0-9_]{1,64}$/;
export const MANDATE_ID = /^mnd_[A-Za-z0-9_]{1,64}$/;
export const KEY_ID = /^[A-Za-z0-9]{1,64}$/;
export const WEBHOOK_ENDPOINT_ID = /^whe_[a-z2-7]{26}$/;
export const PROCESSOR_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
export const PARKED_ID = /^[A-Za-z0-9_-]{1,64}$/;

export function notFound(): ProblemException {
  return new ProblemException('not_found', 'There is no such resource.');
}

/** A resource that may not be there for this caller. */
export function found<T>(resource: T | null): T {
  if (resource === null) throw notFound();
  return resource;
}

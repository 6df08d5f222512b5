import type { NatsRequest } from '#bus/nats';
import type { Random } from '#platform';
import type { ApiRequest } from '../api-request.js';
import { PAYMENT_INTENT_ID, idOf } from '../calls.js';
import { BODY_MAX_BYTES, BODY_TOO_LARGE, jsonBody } from '../json-body.parser.js';
import { ProblemException } from '../problem.exception.js';
import { traceIdOf } from '../trace-context.js';
import type { AgentOperation } from './agent-operations.js';

/** As much as HTTP takes. */
const HEADERS_MAX_CHARACTERS = 16 * 1024;

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** A message as the request that it would be over HTTP; `readMessage` completes it. */
export function requestOf(
  { headers, body }: NatsRequest,
  { method, path }: AgentOperation,
  random: Random,
): Mutable<ApiRequest> {
  const joined: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    joined[key] = joined[key] === undefined ? value : `${joined[key]}, ${value}`;
  }
  // Whoever writes no type writes JSON: it is all there is on these subjects.
  if (body.length > 0) joined['content-type'] ??= 'application/json';
  return {
    method,
    url: path,
    headers: joined,
    raw: { rawHeaders: headers.flat() },
    query: {},
    body: Buffer.from(body.buffer, body.byteOffset, body.length),
    traceId: traceIdOf(joined['traceparent'], random),
    access: null,
  };
}

/** Takes the message's JSON apart: the id that HTTP has in its path, and the query or the body. @throws ProblemException */
export function readMessage(
  request: Mutable<ApiRequest>,
  { method, path }: AgentOperation,
): { id: string } {
  refuseTooMuch(request);
  const hasId = path.includes('{id}');
  // What is all body goes on as the bytes that came.
  if (method === 'POST' && !hasId) return { id: '' };
  const { id, ...rest } = objectIn(jsonBody(request));
  if (!hasId) {
    request.query = queryOf(id === undefined ? rest : { id, ...rest });
    return { id: '' };
  }
  const named = idOf({ id: textIn(id) }, PAYMENT_INTENT_ID);
  request.url = path.replace('{id}', named);
  if (method === 'GET') request.query = queryOf(rest);
  else request.body = Buffer.from(JSON.stringify(rest));
  return { id: named };
}

function refuseTooMuch({ raw, body }: ApiRequest): void {
  const { code, detail } = BODY_TOO_LARGE;
  if ((body as Buffer).length > BODY_MAX_BYTES) throw new ProblemException(code, detail);
  const characters = raw.rawHeaders.reduce((sum, text) => sum + text.length, 0);
  if (characters > HEADERS_MAX_CHARACTERS)
    throw new ProblemException('validation_failed', 'The headers are too large.');
}

function objectIn(json: unknown): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>;
  throw invalid('', 'object', 'The body must be an object.');
}

function textIn(id: unknown): string {
  if (typeof id === 'string') return id;
  throw id === undefined
    ? invalid('/id', 'required', 'This field is required.')
    : invalid('/id', 'text', 'This field must be a string.');
}

function invalid(pointer: string, rule: string, detail: string): ProblemException {
  const summary = `The body is not valid. ${pointer || 'It'}: ${detail}`;
  return new ProblemException('validation_failed', summary, {
    violations: [{ pointer, rule, detail }],
  });
}

/** A query string is all text; numbers of JSON are taken as they would be written in one. */
function queryOf(json: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      typeof value === 'number' ? String(value) : value,
    ]),
  );
}

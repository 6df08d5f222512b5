import { MalformedJsonError, parseStrictJson as parse } from '#contracts';
import type { ApiRequest } from './api-request.js';
import { ProblemException } from './problem.exception.js';

export const BODY_MAX_BYTES = 64 * 1024;
export const BODY_TOO_LARGE = {
  code: 'payload_too_large',
  detail: `A body has at most ${BODY_MAX_BYTES} bytes.`,
} as const;
const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** The JSON of a request whose body came as raw bytes. @throws ProblemException */
export function jsonBody(request: ApiRequest): unknown {
  const { headers, body } = request;
  // An operation that has nothing to say may come without a body.
  const isEmpty = !Buffer.isBuffer(body) || body.length === 0;
  if (headers['content-type'] === undefined && isEmpty) return {};
  return parseStrictJson(jsonBytes(request));
}

/** The bytes of a request that says that they are JSON; nobody has looked at them yet. @throws ProblemException */
export function jsonBytes({ headers, body }: ApiRequest): Buffer {
  const type = headers['content-type'];
  if (type === undefined || !JSON_TYPE.test(type.trim()))
    throw new ProblemException('validation_failed', 'The content type must be application/json.');
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new ProblemException('validation_failed', 'A content encoding is not accepted.');
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** What `parseStrictJson` of the contracts accepts. @throws ProblemException */
export function parseStrictJson(bytes: Uint8Array): unknown {
  try {
    return parse(bytes);
  } catch (error) {
    if (!(error instanceof MalformedJsonError)) throw error;
    throw new ProblemException('malformed_json', error.message);
  }
}

import type { ApiRequest } from './api-request.js';
import { ProblemException } from './problem.exception.js';

export const BODY_MAX_BYTES = 64 * 1024;
export const BODY_TOO_LARGE = {
  code: 'payload_too_large',
  detail: `A body has at most ${BODY_MAX_BYTES} bytes.`,
} as const;
const DEPTH_MAX = 16;
const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** The JSON of a request whose body came as raw bytes. @throws ProblemException */
export function jsonBody(request: ApiRequest): unknown {
  const { headers, body } = request;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const type = headers['content-type'];
  // An operation that has nothing to say may come without a body.
  if (type === undefined && bytes.length === 0) return {};
  if (type === undefined || !JSON_TYPE.test(type.trim()))
    throw new ProblemException('validation_failed', 'The content type must be application/json.');
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new ProblemException('validation_failed', 'A content encoding is not accepted.');
  return parseStrictJson(bytes);
}

/**
 * JSON as one text can mean it to everybody: valid UTF-8, at most 16 levels deep, no name twice in an object, no `__proto__`.
 * @throws ProblemException
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = utf8(bytes);
  // Before parsing: the parser itself recurses.
  const members = membersIn(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('The body is not JSON.');
  }
  if (distinctMembers(value) !== members) throw malformed('A name occurs twice in one object.');
  return value;
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed('The body is not valid UTF-8.');
  }
}

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** How many members the text gives its objects: the colons outside strings. Refuses what is nested too deep. */
function membersIn(text: string): number {
  let [depth, members] = [0, 0];
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === QUOTE) index = endOfString(text, index + 1);
    else if (character === COLON) members += 1;
    else if (OPENING.has(character)) depth += 1;
    else if (CLOSING.has(character)) depth -= 1;
    if (depth > DEPTH_MAX) throw malformed(`The body is nested deeper than ${DEPTH_MAX} levels.`);
  }
  return members;
}

/** Index of the closing quote, or the end of the text. */
function endOfString(text: string, from: number): number {
  let index = from;
  while (index < text.length) {
    const character = text.charCodeAt(index);
    if (character === QUOTE) return index;
    index += character === BACKSLASH ? 2 : 1;
  }
  return index;
}

/** How many members are left after parsing: fewer than the text gave when a name occurred twice. */
function distinctMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  for (const item of Object.values(value)) members += distinctMembers(item);
  if (Array.isArray(value)) return members;
  if (Object.hasOwn(value, '__proto__')) throw malformed('The name __proto__ is not accepted.');
  return members + Object.keys(value).length;
}

function malformed(detail: string): ProblemException {
  return new ProblemException('malformed_json', detail);
}

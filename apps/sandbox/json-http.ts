import type { IncomingMessage, ServerResponse } from 'node:http';

const BODY_BYTES_MAX = 16_384;

/** A definite no before anything was executed; answered as `{ "error": { "type", "code", "message" } }`. */
export class Refusal extends Error {
  constructor(
    readonly status: 400 | 404 | 405 | 409 | 413 | 503,
    readonly code: string,
    message: string,
    /** What the refusal is about, as the caller may see it. */
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

export interface Answer {
  status: number;
  body: string;
  /** Beside, or instead of, `content-type: application/json`. Lower-case names. */
  headers?: Readonly<Record<string, string>>;
}

export const answer = (status: number, value: unknown): Answer => ({
  status,
  body: JSON.stringify(value),
});

/** What a thrown value means to the caller. What is not a refusal is a defect of the sandbox and says so. */
export function answerToError(error: unknown): Answer {
  if (error instanceof Refusal) {
    const { status, code, message, details } = error;
    return answer(status, { error: { type: 'invalid_request', code, message }, ...details });
  }
  return answer(500, {
    error: { type: 'sandbox_defect', code: 'internal', message: String(error) },
  });
}

export function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

/** The request's body as JSON; an absent body is an empty object. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = await readText(request);
  if (text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Refusal(400, 'malformed_json', 'The body is not JSON.');
  }
}

/** Reads to the end even when it is too much, so that the refusal reaches the caller on a usable connection. */
export function readText(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    });
    request.on('end', () => {
      if (bytes <= BODY_BYTES_MAX) return resolve(Buffer.concat(chunks).toString('utf8'));
      reject(new Refusal(413, 'payload_too_large', `A body has at most ${BODY_BYTES_MAX} bytes.`));
    });
    request.on('error', reject);
  });
}

/** The fields of a JSON object; refuses everything else and every field that is not in `known`. */
export function fieldsOf(value: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal(400, 'validation_failed', 'The body must be a JSON object.');
  }
  for (const field of Object.keys(value)) {
    if (known.includes(field)) continue;
    const expected = known.length > 0 ? `known are ${known.join(', ')}` : 'none is known here';
    throw new Refusal(
      400,
      'validation_failed',
      `Unknown field "${field.slice(0, 40)}": ${expected}.`,
    );
  }
  return value as Record<string, unknown>;
}

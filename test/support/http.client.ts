import { Agent, request as send, type IncomingHttpHeaders } from 'node:http';

export interface Answer<T = unknown> {
  status: number;
  headers: IncomingHttpHeaders;
  /** The body exactly as it came. */
  bytes: Buffer;
  /** The parsed body; undefined when it is not JSON. */
  body: T;
}

export interface HttpCall {
  headers?: Record<string, string>;
  json?: unknown;
  /** Sent as they are; `content-type` stays `application/json` unless the headers name another. */
  bytes?: Buffer | string;
  /** Sends the body without a length. */
  chunked?: boolean;
}

export interface HttpClient {
  call<T = unknown>(method: string, path: string, call?: HttpCall): Promise<Answer<T>>;
  close(): void;
}

/** Plain HTTP/1.1 over kept-alive connections, wide enough for a crowd of callers. Never retries. */
export function createHttpClient(baseUrl: string, connections = 256): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    close: () => agent.destroy(),
    call: <T>(method: string, path: string, call: HttpCall = {}) =>
      new Promise<Answer<T>>((resolve, reject) => {
        const payload = call.json === undefined ? call.bytes : JSON.stringify(call.json);
        const bytes = payload === undefined ? undefined : Buffer.from(payload);
        const request = send(
          `${baseUrl}${path}`,
          { method, agent, headers: { ...bodyHeaders(bytes, call.chunked), ...call.headers } },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.once('error', reject);
            response.once('end', () => {
              const received = Buffer.concat(chunks);
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                bytes: received,
                body: parsed(received) as T,
              });
            });
          },
        );
        request.once('error', reject);
        request.end(bytes);
      }),
  };
}

function bodyHeaders(bytes: Buffer | undefined, chunked = false): Record<string, string> {
  if (!bytes) return {};
  const type = { 'content-type': 'application/json' };
  return chunked
    ? { ...type, 'transfer-encoding': 'chunked' }
    : { ...type, 'content-length': String(bytes.length) };
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

import type { FastifyRequest } from 'fastify';
import type { Messages } from '#contracts';

/** Who asks, and what an agent may be asked about. */
export type Access = NonNullable<Messages['queries.access.authenticate']['reply']>;

declare module 'fastify' {
  interface FastifyRequest {
    /** 32 hex digits, from `traceparent` or made here. */
    traceId: string;
    /** Set by the authentication guard. */
    access: Access | null;
  }
}

export type ApiRequest = FastifyRequest;

/** The path without its query, capped: what a problem calls `instance`. */
export function pathOf({ url }: { url: string }): string {
  const [path = '/'] = url.split('?', 1);
  return path.startsWith('/') ? path.slice(0, 512) : '/';
}

/** Every value of a header as it came: Node joins repeated ones, which would hide them. */
export function headerValues({ raw }: ApiRequest, name: string): string[] {
  const { rawHeaders } = raw;
  const values: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '');
  return values;
}

import type { IncomingHttpHeaders } from 'node:http';
import { type Messages, withoutCardNumbers } from '#contracts';

/** Who asks, and what an agent may be asked about. */
export type Access = NonNullable<Messages['queries.access.authenticate']['reply']>;

declare module 'fastify' {
  interface FastifyRequest {
    traceId: string;
    access: Access | null;
  }
}

/** All that the gateway reads of a request, whichever door it came in by. Fastify's are such; other doors make them. */
export interface ApiRequest {
  readonly method: string;
  readonly url: string;
  /** By lower-case name; repeated ones joined. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** Names and values in turn, as they came. */
  readonly raw: { readonly rawHeaders: readonly string[] };
  readonly query: unknown;
  /** Bytes, or nothing. */
  readonly body: unknown;
  /** 32 hex digits, from `traceparent` or made here. */
  readonly traceId: string;
  /** Set once it is known who asks. */
  access: Access | null;
}

/** The path without its query, capped, and without any card number: what a problem calls `instance`. */
export function pathOf({ url }: Pick<ApiRequest, 'url'>): string {
  const [path = '/'] = url.split('?', 1);
  return path.startsWith('/') ? withoutCardNumbers(path.slice(0, 512)) : '/';
}

/** Every value of a header as it came: joined ones would hide that there were several. */
export function headerValues({ raw }: ApiRequest, name: string): string[] {
  const { rawHeaders } = raw;
  const values: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '');
  return values;
}

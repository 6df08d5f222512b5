import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import type { Timers } from '#platform';
import type { NatsConnection } from './nats.connection.js';
import {
  type NatsEndpoint,
  NatsEndpoints,
  type NatsEndpointsFacts,
  type NatsReply,
  type NatsRequest,
} from './nats.endpoints.js';
import { INTERNAL_PREFIX, addressed, decodeJson, encodeJson, errorHeaders } from './nats.wire.js';

export interface NatsTransportOptions extends NatsEndpointsFacts {
  /** How long requests that came may take once the process is told to end. */
  drainWithinMs: number;
  /** What subjects begin with on the wire. */
  prefix?: string;
  /** This process's own name, by which it can be asked in particular. */
  self?: string;
}

/** Puts every `@MessagePattern` handler of a Nest application on NATS, as an endpoint that any client can send plain JSON to. */
export class NatsTransport extends Server implements CustomTransportStrategy {
  private endpoints: NatsEndpoints | undefined;

  constructor(
    private readonly connection: NatsConnection,
    private readonly timers: Timers,
    private readonly options: NatsTransportOptions,
  ) {
    super();
  }

  listen(done: (error?: unknown) => void): void {
    const endpoints = [...this.messageHandlers].map(([pattern, handler]) =>
      this.endpointOf(pattern, handler),
    );
    const { self } = this.options;
    const heads = new Set(
      [...this.messageHandlers.keys()].map((pattern) => pattern.split('.', 1)[0]),
    );
    if (self !== undefined)
      for (const head of heads) endpoints.push(this.ownEndpoint(self, head ?? ''));
    NatsEndpoints.serve(this.connection, this.timers, this.options, endpoints).then((served) => {
      this.endpoints = served;
      done();
    }, done);
  }

  /** Answers what arrived. The connection stays: handlers may need it to the last. */
  async close(): Promise<void> {
    await this.endpoints?.close(this.options.drainWithinMs);
  }

  on(): void {}

  unwrap<T>(): T {
    return this.connection as T;
  }

  private endpointOf(pattern: string, handler: MessageHandler): NatsEndpoint {
    const { prefix = INTERNAL_PREFIX } = this.options;
    return {
      name: pattern.replaceAll('.', '-'),
      subject: `${prefix}${pattern}`,
      answer: (request) => this.answer(pattern, handler, request),
    };
  }

  /** What is asked of this process in particular, of all subjects that begin alike. */
  private ownEndpoint(self: string, head: string): NatsEndpoint {
    const { prefix = INTERNAL_PREFIX } = this.options;
    const own = prefix + addressed(`${head}.`, self);
    return {
      name: `${head}-own`,
      subject: `${own}>`,
      answer: async (request) => {
        const pattern = `${head}.${request.subject.slice(own.length)}`;
        const handler = this.messageHandlers.get(pattern);
        if (!handler) throw new Error(`nobody answers ${pattern}`);
        return this.answer(pattern, handler, request);
      },
    };
  }

  private async answer(
    subject: string,
    handler: MessageHandler,
    { body }: NatsRequest,
  ): Promise<NatsReply> {
    let payload: unknown;
    try {
      payload = decodeJson(body);
    } catch (error) {
      return { headers: errorHeaders(error, 400), body: '' };
    }
    const answered = this.transformToObservable(await handler(payload, { subject }));
    return { body: encodeJson(await firstValueFrom(answered)) };
  }
}

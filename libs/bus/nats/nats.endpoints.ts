import { ErrorCode, NatsError, type Service, type ServiceMsg } from 'nats';
import type { Timers } from '#platform';
import { type NatsConnection, NatsRefusalError } from './nats.connection.js';
import { PayloadTooLargeError, errorHeaders, natsHeaders } from './nats.wire.js';

export interface NatsRequest {
  /** As it was published: what stands for a wildcard is in it. */
  subject: string;
  /** Name and value as they came, repeated ones too. */
  headers: readonly (readonly [string, string])[];
  body: Uint8Array;
}

export interface NatsReply {
  headers?: Readonly<Record<string, string>>;
  body: string | Uint8Array;
}

export interface NatsEndpoint {
  /** Without dots: what discovery calls it. */
  name: string;
  subject: string;
  metadata?: Record<string, string>;
  /** What it throws is answered with the standard error headers and its name. */
  answer(request: NatsRequest): Promise<NatsReply>;
}

export interface NatsEndpointsFacts {
  /** What discovery (`$SRV.INFO`) calls them together. */
  service: string;
  description: string;
  /** SemVer. */
  version: string;
  /** Whoever serves under the same name shares the requests; each gets to one of them. */
  queue: string;
}

/** Where a reply may go: inboxes, and what a server puts in their place between accounts. Never a subject that somebody serves. */
const REPLY_SUBJECT = /^(?:_INBOX|_R_)\./;
/** An answer that is ready while the connection is lost waits for it so long. */
const REPLY_WITHIN_MS = 30_000;

/** Endpoints of the services ("micro") API. Requests are handled at once, all of them. */
export class NatsEndpoints {
  private readonly open = new Set<Promise<void>>();
  private closing = false;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly timers: Timers,
    private readonly service: Service,
  ) {}

  /** Resolves when requests get here. A subject that the server does not allow ends the connection. @throws NatsRefusalError */
  static async serve(
    connection: NatsConnection,
    timers: Timers,
    { service: name, description, version, queue }: NatsEndpointsFacts,
    endpoints: readonly NatsEndpoint[],
  ): Promise<NatsEndpoints> {
    const { client } = connection;
    const service = await client.services.add({ name, description, version, queue });
    const served = new NatsEndpoints(connection, timers, service);
    for (const { name: endpoint, subject, metadata, answer } of endpoints)
      service.addEndpoint(endpoint, {
        subject,
        ...(metadata && { metadata }),
        handler: (_error, message) => served.take(message, answer),
      });
    // A refusal comes before the answer to a ping that follows what is refused.
    await Promise.race([client.flush(), connection.closed()]);
    if (service.isStopped) {
      const refusal = await Promise.race([service.stopped, connection.closed()]);
      throw new NatsRefusalError(refusal?.message ?? name);
    }
    void service.stopped.then((error) => served.stopped(error));
    return served;
  }

  /** Takes no more requests, answers those that came, and is done; or stops waiting for answers after that time. */
  async close(withinMs: number): Promise<void> {
    this.closing = true;
    await new Promise<void>((resolve) => {
      const cancel = this.timers.after(withinMs, resolve);
      void this.drain().then(() => {
        cancel();
        resolve();
      });
    });
  }

  private async drain(): Promise<void> {
    const { client } = this.connection;
    await this.service.stop();
    await Promise.all(this.open);
    if (!client.isClosed()) await client.flush().catch(() => undefined);
  }

  private take(message: ServiceMsg, answer: NatsEndpoint['answer']): void {
    // Whoever cannot be answered, or points the answer at somebody else's subject, gets nothing done.
    if (!REPLY_SUBJECT.test(message.reply ?? '')) return;
    const work = this.handle(message, answer).finally(() => this.open.delete(work));
    this.open.add(work);
  }

  private async handle(message: ServiceMsg, answer: NatsEndpoint['answer']): Promise<void> {
    const reply = await replyOf(message, answer);
    // A reply that is lost here is missed at its deadline, as one that is lost on the way.
    if (await this.connection.connectedWithin(REPLY_WITHIN_MS)) respond(message, reply);
  }

  /** Alive and deaf helps nobody. */
  private stopped(error: Error | null): void {
    if (this.closing) return;
    this.connection.fail(new Error(`${this.service.info().name} was stopped`, { cause: error }));
  }
}

async function replyOf(message: ServiceMsg, answer: NatsEndpoint['answer']): Promise<NatsReply> {
  try {
    return await answer({
      subject: message.subject,
      headers: headersOf(message),
      body: message.data,
    });
  } catch (error) {
    return { headers: errorHeaders(error), body: '' };
  }
}

function respond(message: ServiceMsg, { body, headers = {} }: NatsReply): void {
  try {
    message.respond(body, { headers: natsHeaders(headers) });
  } catch (error) {
    if (error instanceof NatsError && error.code === ErrorCode.MaxPayloadExceeded)
      respond(message, { headers: errorHeaders(new PayloadTooLargeError()), body: '' });
  }
}

function headersOf({ headers }: ServiceMsg): [string, string][] {
  return (headers?.keys() ?? []).flatMap((name) =>
    (headers?.values(name) ?? []).map((value): [string, string] => [name, value]),
  );
}

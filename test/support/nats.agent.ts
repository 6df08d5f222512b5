import { randomUUID } from 'node:crypto';
import { type NatsConnection, connect, headers, nkeyAuthenticator } from 'nats';
import type { Answer } from './http.client.js';

export interface MessageOptions {
  /** A fresh one by default; null sends none. */
  idempotencyKey?: string | null;
  prefer?: string;
  /** Default 45 s. */
  timeoutMs?: number;
}

/** An agent that comes over NATS, with nothing added: no retry, no check of the answer. */
export interface NatsAgent {
  readonly client: NatsConnection;
  /** Asks on the agent's own subjects, or on those of `as`. Answers in the shape of HTTP. */
  ask<T>(operation: string, json: unknown, options?: MessageOptions): Promise<Answer<T>>;
  askAs<T>(as: string, operation: string, json: unknown): Promise<Answer<T>>;
  close(): Promise<void>;
}

/** `seed`: of the agent's nkey. */
export async function connectNatsAgent(
  port: number,
  { tenant, id, seed }: { tenant: string; id: string; seed: string },
): Promise<NatsAgent> {
  const client = await connect({
    servers: `127.0.0.1:${port}`,
    inboxPrefix: `_INBOX.${id}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
  });
  const send = async <T>(subject: string, json: unknown, options: MessageOptions = {}) => {
    const { idempotencyKey = randomUUID(), prefer, timeoutMs: timeout = 45_000 } = options;
    const sent = headers();
    if (idempotencyKey !== null) sent.set('Idempotency-Key', idempotencyKey);
    if (prefer !== undefined) sent.set('Prefer', prefer);
    const message = await client.request(subject, JSON.stringify(json), {
      timeout,
      headers: sent,
    });
    const named = (message.headers?.keys() ?? []).map((name) => [
      name.toLowerCase(),
      message.headers?.get(name),
    ]);
    return {
      status: Number(message.headers?.get('Status')),
      headers: Object.fromEntries(named),
      bytes: Buffer.from(message.data),
      body: message.json<T>(),
    };
  };
  return {
    client,
    ask: (operation, json, options) =>
      send(`bursar.v1.${tenant}.${id}.${operation}`, json, options),
    askAs: (as, operation, json) => send(`bursar.v1.${tenant}.${as}.${operation}`, json),
    close: () => client.close(),
  };
}

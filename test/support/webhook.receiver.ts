import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { WorldEvent } from './contract.types.js';

export interface ReceivedWebhook {
  headers: Record<string, string>;
  body: string;
  event: WorldEvent;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly received: readonly ReceivedWebhook[];
  /** TCP connections so far. */
  readonly connections: number;
  /** What it answers from now on: a status, or nothing at all. */
  answers(status: number | 'nothing'): void;
  close(): Promise<void>;
}

/** Somebody who gets webhooks, on the own machine. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  let behaviour: number | 'nothing' = 200;
  let connections = 0;
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const headers = request.headers as Record<string, string>;
      received.push({ headers, body, event: JSON.parse(body) as WorldEvent });
      if (behaviour !== 'nothing') response.writeHead(behaviour).end();
    });
  };
  const server = createServer(take).on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/bursar`,
    received,
    get connections() {
      return connections;
    },
    answers: (status) => (behaviour = status),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whether the secret proves that a message is ours, by the package that receivers use. */
export function isProven(secret: string, { body, headers }: ReceivedWebhook): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

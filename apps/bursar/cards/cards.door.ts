import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Trouble } from '#platform';
import type { ProcessorNotices } from '../../connectors/processor-notices.js';
import type { Tokenization } from '../../connectors/tokenization.js';
import { type CardsTls, tlsMaterial } from './cards.settings.js';
import {
  BODY_MAX_BYTES,
  CALL_HEADER,
  CARDS_PATH,
  NOTICES_PATH,
  callFromHeader,
  noticeFromHeader,
} from './roads.wire.js';

const RECEIVE_WITHIN_MS = 30_000;

export interface CardsDoor {
  readonly port: number;
  /** Answers what arrived. */
  close(): Promise<void>;
}

export interface BehindTheDoor {
  readonly tokenization: Pick<Tokenization, 'tokenize'>;
  readonly notices: Pick<ProcessorNotices, 'take'>;
}

/**
 * Where cards and webhooks come in from gateways: over TLS, from whoever shows a certificate of the road's own authority, and from nobody else.
 * @throws the system's error when the port is taken or a file cannot be read
 */
export async function openCardsDoor(
  behind: BehindTheDoor,
  { host, port, ...tls }: CardsTls & { host: string; port: number },
  trouble: Trouble,
): Promise<CardsDoor> {
  const options = {
    ...tlsMaterial(tls),
    requestCert: true,
    rejectUnauthorized: true,
    requestTimeout: RECEIVE_WITHIN_MS,
  };
  const server = createServer(options, (request, response) => {
    void answer(behind, request, response).catch((error: unknown) => {
      trouble.report('what came through the door for cards could not be taken', error);
      if (!response.headersSent) send(response, 503);
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function answer(
  { tokenization, notices }: BehindTheDoor,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, url, headers } = request;
  const isKnown = method === 'POST' && (url === CARDS_PATH || url === NOTICES_PATH);
  if (!isKnown) return send(response, 404);
  const body = await bodyOf(request);
  if (url === NOTICES_PATH) {
    const notice = noticeFromHeader(headers[CALL_HEADER]);
    if (!notice || !body) return send(response, 400);
    const receipt = await notices.take(notice.processor, notice.headers, body);
    return send(response, 200, JSON.stringify({ receipt }));
  }
  const call = callFromHeader(headers[CALL_HEADER]);
  if (!call || !body) return send(response, 400);
  send(response, 200, JSON.stringify(await tokenization.tokenize(call, body)));
}

/** Null: it is too large. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  const body = bytes <= BODY_MAX_BYTES ? Buffer.concat(chunks) : null;
  for (const chunk of chunks) chunk.fill(0);
  return body;
}

function send(response: ServerResponse, status: number, body = '{}'): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

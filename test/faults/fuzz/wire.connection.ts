import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from '../../support/http.client.js';

const ANSWER_WITHIN_MS = 45_000;
const DRIP_MS = 3;

export interface Exchange {
  /** Written one after the other, with a breath between them. */
  pieces: readonly Buffer[];
  /** How many answers are waited for; the connection may be closed before. */
  answers: number;
  /** HEAD answers have no body. */
  method: string;
  /** What follows the last byte: nothing, the end of what we send, or the end of the connection. */
  then: 'wait' | 'end' | 'cut';
}

export interface Received {
  answers: Answer[];
  /** Whether the server closed the connection. */
  closed: boolean;
  /** Bytes after the answers that were waited for, or that are no answer. */
  surplus: string;
}

export interface Connection {
  /** One after the other. @throws when nothing comes for 45 s, or what comes is not HTTP */
  exchange(exchange: Exchange): Promise<Received>;
  close(): void;
}

/** One kept-alive connection that sends any bytes at all and opens itself again when the server closed it. */
export function createConnection(port: number): Connection {
  let socket: Socket | null = null;

  const opened = async (): Promise<Socket> => {
    if (socket && !socket.destroyed && socket.writable && socket.readable) return socket;
    socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return socket;
  };
  return {
    exchange: async (exchange) => {
      const mine = await opened();
      const received = await exchanged(mine, exchange);
      const isLast = received.answers.some(({ headers }) => headers['connection'] === 'close');
      if (received.closed || isLast || exchange.then !== 'wait') mine.destroy();
      return received;
    },
    close: () => void socket?.destroy(),
  };
}

function exchanged(socket: Socket, { pieces, answers, method, then }: Exchange): Promise<Received> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    let read: { answers: Answer[]; rest: Buffer } = { answers: [], rest: bytes };
    const settle = (closed: boolean) => {
      socket.removeAllListeners();
      // A reset may still arrive after we stopped listening.
      socket.on('error', () => socket.destroy());
      socket.setTimeout(0);
      resolve({ answers: read.answers, closed, surplus: read.rest.toString('latin1') });
    };
    const fail = (error: Error) => {
      settle(true);
      reject(error);
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => {
      socket.destroy();
      fail(new Error(`neither an answer nor a close within ${ANSWER_WITHIN_MS} ms`));
    });
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      try {
        read = readAnswers(bytes, method);
      } catch (error) {
        fail(error as Error);
        return;
      }
      if (then === 'wait' && read.answers.length >= answers) settle(false);
    });
    socket.once('end', () => settle(true));
    socket.once('close', () => settle(true));
    socket.once('error', () => socket.destroy());
    void send(socket, pieces).then(() => {
      if (then === 'end') socket.end();
      if (then === 'cut') socket.resetAndDestroy();
    });
  });
}

async function send(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await pause(DRIP_MS);
    if (!socket.writable) return;
    socket.write(piece);
  }
}

/** The whole answers at the beginning of the bytes, and what is left. @throws when that is no HTTP */
export function readAnswers(
  bytes: Buffer,
  method: string,
): { answers: Answer[]; rest: Buffer<ArrayBuffer> } {
  const answers: Answer[] = [];
  let rest = Buffer.from(bytes);
  for (;;) {
    const next = readAnswer(rest, method);
    if (!next) return { answers, rest };
    // An interim answer announces the real one.
    if (next.answer.status >= 200) answers.push(next.answer);
    rest = rest.subarray(next.length);
  }
}

function readAnswer(bytes: Buffer, method: string): { answer: Answer; length: number } | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [start = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1]);
  if (Number.isNaN(status)) throw new Error(`this is no answer: ${JSON.stringify(start)}`);
  const headers: Record<string, string> = {};
  for (const header of lines) {
    const [name = '', value = ''] = header.split(/:\s*(.*)/s);
    headers[name.toLowerCase()] = value;
  }
  const from = end + 4;
  const body = status < 200 || hasNoBody(status, method) ? none : bodyIn(bytes, from, headers);
  if (!body) return null;
  return {
    answer: { status, headers, bytes: body.bytes, body: parsed(body.bytes) },
    length: from + body.length,
  };
}

const none = { bytes: Buffer.alloc(0), length: 0 };

function hasNoBody(status: number, method: string): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

function bodyIn(
  bytes: Buffer,
  from: number,
  headers: Record<string, string>,
): { bytes: Buffer; length: number } | null {
  if (headers['transfer-encoding'] === 'chunked') return chunksIn(bytes, from);
  const length = Number(headers['content-length'] ?? 0);
  if (bytes.length < from + length) return null;
  return { bytes: bytes.subarray(from, from + length), length };
}

function chunksIn(bytes: Buffer, from: number): { bytes: Buffer; length: number } | null {
  const chunks: Buffer[] = [];
  let at = from;
  for (;;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = parseInt(bytes.toString('latin1', at, line), 16);
    if (Number.isNaN(size)) throw new Error('the answer has a chunk without a size');
    const next = line + 2 + size + 2;
    if (bytes.length < next) return null;
    chunks.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
    if (size === 0) return { bytes: Buffer.concat(chunks), length: at - from };
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

import type { Answer } from '../../support/http.client.js';
import { paymentIdOf } from '../../support/purchase.fixture.js';
import { faultOf, faultOfRefusal } from './answer.judge.js';
import { SPOILINGS, type Input, type Request } from './input.arbitrary.js';
import type { Nonsense } from './nonsense.arbitrary.js';
import type { Operation } from './openapi.reader.js';
import type { Connection, Exchange, Received } from './wire.connection.js';
import type { World } from './world.fixture.js';

/** What the server said, over all inputs. */
export interface Heard {
  statuses: Record<string, number>;
  /** Payments that an answer named, and those whose answer was lost on purpose. */
  payments: Set<string>;
}

export interface Sender {
  /** Sends an input and judges what comes back. @throws with what is wrong and the bytes that were sent */
  send(input: Input, connections: Connections): Promise<void>;
}

/** One that is kept alive, and where to get one for a single use. */
export interface Connections {
  kept: Connection;
  fresh(): Connection;
}

/** Beyond this a server may hang up while it is still being written to, and its answer is lost with the connection. */
const HEAD_MAX_BYTES = 8_000;
const BODY_MAX_BYTES = 60_000;
const PIPELINED = 3;
const SHOWN_MAX = 1_500;

/** What is on its way: the bytes, and what is known of them. */
interface Outgoing {
  head: Buffer;
  body: Buffer;
  target: string;
  payment: string | null;
}

export function createSender(operations: readonly Operation[], world: World, heard: Heard): Sender {
  const hear = (answer: Answer, payment: string | null) => {
    heard.statuses[answer.status] = (heard.statuses[answer.status] ?? 0) + 1;
    world.learn(answer.body);
    if (payment === null) return;
    const { id, payment_intent, code } = (answer.body ?? {}) as Record<string, unknown>;
    const named = answer.status < 300 ? id : payment_intent;
    // A duplicate is told the earlier payment, not its own.
    if (code === 'possible_duplicate') heard.payments.add(payment);
    else if (typeof named === 'string') heard.payments.add(named);
  };

  const sendRequest = async (request: Request, { kept, fresh }: Connections) => {
    const outgoing = prepared(request, world);
    const exchange = exchangeOf(request, outgoing);
    const isLost = request.delivery === 'hung_up';
    const connection = exchange.then === 'wait' ? kept : fresh();
    const shown = () => show(Buffer.concat([outgoing.head, outgoing.body]));
    const received = await exchangedOver(connection, exchange, shown);
    for (const answer of received.answers) {
      hear(answer, outgoing.payment);
      const { method } = request;
      const asked = { method, target: outgoing.target, isSpoilt: isSpoilt(request, outgoing) };
      const fault = faultOf(answer, asked, operations);
      if (fault) throw new Error(`${fault}\n${shown()}\n${show(answer.bytes)}`);
    }
    const unheard = received.answers.length < exchange.answers;
    if (unheard && !isLost && outgoing.payment) heard.payments.add(outgoing.payment);
    if (unheard && !isLost && !mayGoUnanswered(request, outgoing, received))
      throw new Error(`the connection was closed without an answer\n${shown()}`);
    // What could not even be read is refused with a body, also where it was a HEAD.
    const isWhole = received.answers.length >= exchange.answers && request.method !== 'HEAD';
    if (isWhole && received.surplus !== '')
      throw new Error(`more than was asked for: ${show(received.surplus)}\n${shown()}`);
  };

  const sendNonsense = async ({ bytes, ending }: Nonsense, { fresh }: Connections) => {
    const exchange: Exchange = {
      pieces: [Buffer.from(bytes, 'latin1')],
      answers: 1,
      method: 'GET',
      then: ending === 'cut' ? 'cut' : 'end',
    };
    const shown = () => show(bytes);
    const { answers } = await exchangedOver(fresh(), exchange, shown);
    for (const answer of answers) {
      hear(answer, null);
      const fault = faultOfRefusal(answer);
      if (fault) throw new Error(`${fault}\n${shown()}\n${show(answer.bytes)}`);
    }
  };

  return {
    send: (input, connections) =>
      input.kind === 'request' ? sendRequest(input, connections) : sendNonsense(input, connections),
  };
}

async function exchangedOver(
  connection: Connection,
  exchange: Exchange,
  shown: () => string,
): Promise<Received> {
  try {
    return await connection.exchange(exchange);
  } catch (error) {
    throw new Error(`${String(error)}\n${shown()}`, { cause: error });
  }
}

function prepared(request: Request, world: World): Outgoing {
  const target = latin1(world.filled(request.target));
  const headers = request.headers.map(([name, value]) => [name, world.filled(value)] as const);
  const text = request.body === null ? null : Buffer.from(world.filled(request.body));
  const body = text && SPOILINGS[request.spoiling.name](text, request.spoiling.at);
  const length: readonly string[] =
    body === null
      ? []
      : request.delivery === 'chunked'
        ? ['transfer-encoding: chunked']
        : [`content-length: ${body.length}`];
  const head = [
    `${request.method} ${target} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...length,
  ];
  return {
    target,
    head: Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'),
    body: request.delivery === 'chunked' ? chunked(body) : (body ?? Buffer.alloc(0)),
    payment: paymentOf(request.method, target, headers, world),
  };
}

/** A part of a body that had several values may be a whole one, and nothing twice is nothing. */
function isSpoilt({ spoiling, delivery, body: before }: Request, { body }: Outgoing): boolean {
  if (spoiling.name === 'twice') return before !== '';
  if (spoiling.name !== 'cut') return spoiling.name !== 'none';
  return delivery !== 'chunked' && !isJson(body);
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

/** Characters beyond latin-1 go out as the bytes of their UTF-8. */
function latin1(text: string): string {
  return [...text]
    .map((character) =>
      character.charCodeAt(0) > 0xff ? Buffer.from(character).toString('latin1') : character,
    )
    .join('');
}

/** The payment that such a request would make, whatever its body. */
function paymentOf(
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
  world: World,
): string | null {
  if (method !== 'POST' || !/payment_intents[^/]*$/i.test(target)) return null;
  const valueOf = (wanted: string) => headers.find(([name]) => name === wanted)?.[1] ?? '';
  const payer = world.payerOf(valueOf('authorization'));
  const key = valueOf('idempotency-key')
    .trim()
    .replace(/^"(.*)"$/, '$1');
  return payer && paymentIdOf(payer, payer.id, key);
}

function chunked(body: Buffer | null): Buffer {
  if (body === null) return Buffer.alloc(0);
  const middle = Math.ceil(body.length / 2);
  const chunks = [body.subarray(0, middle), body.subarray(middle)].filter(({ length }) => length);
  return Buffer.concat([
    ...chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ]),
    Buffer.from('0\r\n\r\n'),
  ]);
}

function exchangeOf({ delivery, method }: Request, { head, body }: Outgoing): Exchange {
  const whole = Buffer.concat([head, body]);
  const once = { pieces: [whole], answers: 1, method, then: 'wait' } as const;
  switch (delivery) {
    case 'at_once':
    case 'chunked':
      return once;
    case 'dripping':
      return { ...once, pieces: inPieces(whole) };
    case 'pipelined':
      return { ...once, pieces: [Buffer.concat(Array(PIPELINED).fill(whole))], answers: PIPELINED };
    case 'half_closed':
      return { ...once, then: 'end' };
    case 'hung_up':
      return { ...once, pieces: [whole.subarray(0, whole.length - 1)], then: 'cut' };
  }
}

function inPieces(whole: Buffer): Buffer[] {
  const size = Math.ceil(whole.length / 6);
  const starts = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => index * size);
  return starts.map((start) => whole.subarray(start, start + size));
}

/** Where a connection that is closed instead of answered is an answer too. */
function mayGoUnanswered(request: Request, { head, body }: Outgoing, received: Received): boolean {
  return (
    request.method === 'CONNECT' ||
    request.delivery === 'half_closed' ||
    (request.delivery === 'pipelined' && received.answers.length > 0) ||
    head.length > HEAD_MAX_BYTES ||
    body.length > BODY_MAX_BYTES
  );
}

function show(bytes: Buffer | string): string {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
  const end = text.length > SHOWN_MAX ? ` … (${text.length} bytes)` : '';
  return JSON.stringify(text.slice(0, SHOWN_MAX)) + end;
}

import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { type ProblemFacts, problem } from '#contracts';
import type { Random, Trouble } from '#platform';
import { OwnerRefusal, type OwnerWork } from './owner.port.js';
import { listenPrivately } from './owner.socket.js';

export interface OwnerDoor {
  /** Cuts what is under way. */
  close(): Promise<void>;
}

const BODY_MAX_BYTES = 4_096;

/**
 * Serves the owner's work on a Unix socket that only the owner can open: `POST /tenants {name}` and
 * `POST /projections/rebuild {name?}`, which streams its progress and then a line per projection as NDJSON.
 */
export async function openOwnerDoor(
  path: string,
  work: OwnerWork,
  { random, trouble }: { random: Random; trouble: Trouble },
): Promise<OwnerDoor> {
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      const traceId = random.bytes(16).toString('hex');
      const facts = factsOf(error);
      if (facts.code === 'internal') trouble.report(`owner's door, trace ${traceId}`, error);
      const { status, body } = problem({ ...facts, instance: pathOf(request), traceId });
      // A stream that began tells what became of it in its last line.
      if (response.headersSent) response.end(`${body}\n`);
      else send(response, status, body, 'application/problem+json');
    });
  });

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const ask = ROUTES[`${request.method} ${pathOf(request)}`];
    if (!ask) throw new OwnerRefusal('not_found', 'There is nothing on this path.');
    await ask(work, await bodyOf(request), response);
  };

  await listenPrivately(server, path);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Ask = (work: OwnerWork, body: unknown, response: ServerResponse) => Promise<void>;

const ROUTES: Readonly<Record<string, Ask | undefined>> = {
  'POST /tenants': async (work, body, response) => {
    const name = nameIn(body);
    if (name === null) throw new OwnerRefusal('validation_failed', 'The field name is required.');
    send(response, 201, JSON.stringify(await work.createTenant(name)), 'application/json');
  },
  'POST /projections/rebuild': async (work, body, response) => {
    const line = (value: object) => response.write(`${JSON.stringify(value)}\n`);
    const begin = () => {
      if (!response.headersSent)
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    };
    let percent = -1;
    const rebuilt = await work.rebuildProjections(nameIn(body), (progress) => {
      const now = Math.floor((100 * (progress.position + 1)) / (progress.head + 1));
      if (now === percent) return;
      percent = now;
      begin();
      line(progress);
    });
    begin();
    rebuilt.forEach(line);
    response.end();
  },
};

function nameIn(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new OwnerRefusal('validation_failed', 'The body must be an object.');
  const { name = null, ...others } = body as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new OwnerRefusal('validation_failed', 'Only the field name is known here.');
  if (name !== null && typeof name !== 'string')
    throw new OwnerRefusal('validation_failed', 'The field name must be a text.');
  return name;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES)
      throw new OwnerRefusal('payload_too_large', `A body has at most ${BODY_MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new OwnerRefusal('malformed_json', 'The body is not JSON.');
  }
}

function factsOf(error: unknown): Pick<ProblemFacts, 'code' | 'detail'> {
  if (error instanceof OwnerRefusal) return { code: error.code, detail: error.detail };
  return { code: 'internal', detail: 'Something went wrong; the log of the server says what.' };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.slice(0, 512);
}

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

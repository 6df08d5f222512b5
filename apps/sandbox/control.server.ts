import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bookedToWire } from './books.js';
import { faultsToWire, parseFaults } from './faults.js';
import { answer, answerToError, readJson, Refusal, send, type Answer } from './json-http.js';
import type { ProcessorServer } from './processor.server.js';

const BOOKS_CHUNK = 1_000;

/** Answers what tests and people ask the sandbox itself: which processors there are, their books and their faults. */
export async function serveControl(
  processors: readonly ProcessorServer[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const result = await route(processors, request, response);
    if (result) send(response, result);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else send(response, answerToError(error));
  }
}

async function route(
  processors: readonly ProcessorServer[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer | undefined> {
  const [path = '', query] = (request.url ?? '').split('?');
  const [root = '', name, part, ...rest] = path.split('/').slice(1);
  if (rest.length > 0 || (root !== '' && root !== 'processors')) throw noSuchRoute(path);
  if (name === undefined) {
    allow(request, 'GET');
    return answer(200, { processors: processors.map(describe) });
  }
  const processor = processors.find((each) => each.name === name);
  if (!processor) {
    const known = processors.map((each) => each.name).join(', ');
    throw new Refusal(404, 'not_found', `There is no such processor; known are ${known}.`);
  }
  if (part === undefined) {
    allow(request, 'GET');
    return answer(200, describe(processor));
  }
  if (part === 'books') {
    allow(request, 'GET');
    await sendBooks(processor, new URLSearchParams(query), response);
    return undefined;
  }
  if (part !== 'faults') throw noSuchRoute(path);
  allow(request, 'GET', 'PUT');
  if (request.method === 'PUT') await switchFaults(processor, await readJson(request));
  return answer(200, faultsToWire(processor.faults));
}

const describe = (processor: ProcessorServer) => ({
  name: processor.name,
  url: processor.url,
  authorization: processor.flow,
  books: `/processors/${processor.name}/books`,
  faults: `/processors/${processor.name}/faults`,
});

async function switchFaults(processor: ProcessorServer, body: unknown): Promise<void> {
  const faults = parseFaults(body);
  try {
    await processor.setFaults(faults);
  } catch (error) {
    throw new Refusal(503, 'port_taken', `${processor.url} cannot be opened: ${String(error)}.`);
  }
}

/** Streams, because the books of a long run do not fit into one string. */
async function sendBooks(
  processor: ProcessorServer,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const unknown = [...query.keys()].find((each) => each !== 'merchant_reference');
  if (unknown !== undefined) {
    throw new Refusal(400, 'validation_failed', 'The only filter is merchant_reference.');
  }
  const charges = processor.books.bookedCharges(query.get('merchant_reference') ?? undefined);
  response.writeHead(200, { 'content-type': 'application/json' });
  const closed = once(response, 'close');
  response.write('{"charges":[');
  for (let from = 0; from < charges.length && !response.destroyed; from += BOOKS_CHUNK) {
    const chunk = charges.slice(from, from + BOOKS_CHUNK).map(bookedToWire);
    const text = JSON.stringify(chunk).slice(1, -1);
    if (!response.write(from === 0 ? text : `,${text}`)) {
      await Promise.race([once(response, 'drain'), closed]);
    }
  }
  response.end(']}');
}

function allow(request: IncomingMessage, ...methods: string[]): void {
  if (methods.includes(request.method ?? '')) return;
  throw new Refusal(405, 'method_not_allowed', `Only ${methods.join(' and ')} work here.`);
}

const noSuchRoute = (path: string) =>
  new Refusal(404, 'not_found', `There is nothing at ${path.slice(0, 100)}.`);

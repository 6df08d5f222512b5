import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bookedToWire, type Books } from './books.js';
import { parseFalsification } from './falsification.js';
import { faultsToWire, parseFaults } from './faults.js';
import { answer, answerToError, readJson, Refusal, send, type Answer } from './json-http.js';
import type { MerchantServer } from './merchant.server.js';
import type { ProcessorServer } from './processor.server.js';
import type { SimulatedRates } from './rate.source.js';
import { parseWebhookSettings, type StripeWebhooks } from './stripe/stripe.webhooks.js';

const BOOKS_CHUNK = 1_000;

/** What is asked of a simulated processor here, whatever its interface is. */
export type SimulatedProcessor = Pick<
  ProcessorServer,
  'name' | 'url' | 'flow' | 'authorizationValidForMs' | 'faults' | 'setFaults'
> & {
  books: Pick<Books, 'bookedCharges'>;
  /** Books that can be made to say something else than what happened. */
  falsifiable?: Pick<Books, 'add' | 'falsify'>;
  /** Whose interface it speaks, where that is not the sandbox's own. */
  protocol?: string;
  webhooks?: Pick<StripeWebhooks, 'configure' | 'describe'>;
};

/** Everything the sandbox simulates, by kind. */
export interface Simulated {
  processors: readonly SimulatedProcessor[];
  merchants: readonly MerchantServer[];
  /** Doubles of real processors: reached by name, but not offered as processors of the sandbox. */
  doubles?: readonly (SimulatedProcessor & Partial<Switchable>)[];
  /** Publishers of exchange rates; they have no port of their own. */
  rates?: readonly SimulatedRates[];
}

/** What can be broken beyond the faults that all have. Both throw a `Refusal` at what they do not understand. */
export interface Switchable {
  switches: object;
  setSwitches: (body: unknown) => void;
}

/** Answers what tests and people ask the sandbox itself: what it simulates, and its books and faults. */
export async function serveControl(
  simulated: Simulated,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const result = await route(simulated, request, response);
    if (result) send(response, result);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else send(response, answerToError(error));
  }
}

async function route(
  { processors, merchants, doubles = [], rates = [] }: Simulated,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer | undefined> {
  const [path = '', query] = (request.url ?? '').split('?');
  const [root = '', name, part, ...rest] = path.split('/').slice(1);
  if (rest.length > 0 || !['', 'processors', 'merchants', 'rates'].includes(root))
    throw noSuchRoute(path);
  if (name === undefined) {
    allow(request, 'GET');
    return answer(200, {
      ...((root === '' || root === 'processors') && {
        processors: processors.map((each) => describeProcessor(each, request)),
      }),
      ...((root === '' || root === 'merchants') && {
        merchants: merchants.map((each) => describeMerchant(each, request)),
      }),
      ...((root === '' || root === 'rates') && { rates: rates.map(describeRates) }),
    });
  }
  if (root === 'rates')
    return routeRates(named(rates, name, 'source of rates'), { path, part }, request, response);
  return root === 'merchants'
    ? routeMerchant(named(merchants, name, 'merchant'), { path, part }, request)
    : routeProcessor(
        named([...processors, ...doubles], name, 'processor'),
        { path, part, query },
        request,
        response,
      );
}

async function routeProcessor(
  processor: SimulatedProcessor & Partial<Switchable>,
  { path, part, query }: { path: string; part: string | undefined; query: string | undefined },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer | undefined> {
  if (part === undefined) {
    allow(request, 'GET');
    return answer(200, describeProcessor(processor, request));
  }
  if (part === 'books') {
    allow(request, 'GET', 'POST');
    if (request.method === 'POST') return falsify(processor, await readJson(request));
    await sendBooks(processor, new URLSearchParams(query), response);
    return undefined;
  }
  if (part === 'switches' && processor.setSwitches) {
    allow(request, 'GET', 'PUT');
    if (request.method === 'PUT') processor.setSwitches(await readJson(request));
    return answer(200, processor.switches);
  }
  if (part === 'webhooks' && processor.webhooks) return routeWebhooks(processor.webhooks, request);
  if (part !== 'faults') throw noSuchRoute(path);
  return routeFaults(processor, request);
}

/** Makes the books say something else than what happened, for whoever is to find that out. */
function falsify({ falsifiable: books }: SimulatedProcessor, body: unknown): Answer {
  const { reference, charge, change } = parseFalsification(body);
  if (!books) throw new Refusal(404, 'not_found', 'These books cannot be falsified.');
  if (reference === undefined) return answer(201, bookedToWire(books.add(charge)));
  books.falsify(reference, change);
  return answer(200, { reference });
}

async function routeWebhooks(
  webhooks: NonNullable<SimulatedProcessor['webhooks']>,
  request: IncomingMessage,
): Promise<Answer> {
  allow(request, 'GET', 'PUT');
  if (request.method === 'PUT') webhooks.configure(parseWebhookSettings(await readJson(request)));
  return answer(200, webhooks.describe());
}

async function routeMerchant(
  merchant: MerchantServer,
  { path, part }: { path: string; part: string | undefined },
  request: IncomingMessage,
): Promise<Answer> {
  if (part === 'faults') return routeFaults(merchant, request);
  allow(request, 'GET');
  if (part === undefined) return answer(200, describeMerchant(merchant, request));
  if (part !== 'books') throw noSuchRoute(path);
  return answer(200, { reservations: merchant.books.list() });
}

async function routeRates(
  source: SimulatedRates,
  { path, part }: { path: string; part: string | undefined },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer | undefined> {
  if (part === 'switches') {
    allow(request, 'GET', 'PUT');
    if (request.method === 'PUT') source.setSwitches(await readJson(request));
    return answer(200, source.switches);
  }
  allow(request, 'GET');
  if (part === undefined) return answer(200, describeRates(source));
  if (part !== 'latest') throw noSuchRoute(path);
  const latest = source.latest();
  if (latest !== 'cut') return latest;
  response.destroy();
  return undefined;
}

function named<Server extends { name: string }>(
  servers: readonly Server[],
  name: string,
  kind: string,
): Server {
  const server = servers.find((each) => each.name === name);
  if (server) return server;
  const known = servers.map((each) => each.name).join(', ');
  throw new Refusal(404, 'not_found', `There is no such ${kind}; known are ${known}.`);
}

const describeProcessor = (processor: SimulatedProcessor, asked: IncomingMessage) => ({
  name: processor.name,
  ...(processor.protocol !== undefined && { protocol: processor.protocol }),
  url: reachedFrom(asked, processor.url),
  authorization: processor.flow,
  authorization_valid_seconds: processor.authorizationValidForMs / 1_000,
  books: `/processors/${processor.name}/books`,
  faults: `/processors/${processor.name}/faults`,
  ...(processor.webhooks && { webhooks: `/processors/${processor.name}/webhooks` }),
});

const describeMerchant = ({ name, url }: MerchantServer, asked: IncomingMessage) => ({
  name,
  url: reachedFrom(asked, url),
  books: `/merchants/${name}/books`,
  faults: `/merchants/${name}/faults`,
});

const describeRates = ({ name }: SimulatedRates) => ({
  name,
  latest: `/rates/${name}/latest`,
  switches: `/rates/${name}/switches`,
});

/** Whoever found the way here finds the other ports under the same name. */
function reachedFrom({ headers: { host = '' } }: IncomingMessage, url: string): string {
  if (!URL.canParse(`http://${host}`)) return url;
  return `http://${new URL(`http://${host}`).hostname}:${new URL(url).port}`;
}

type Breakable = Pick<MerchantServer, 'url' | 'faults' | 'setFaults'>;

async function routeFaults(server: Breakable, request: IncomingMessage): Promise<Answer> {
  allow(request, 'GET', 'PUT');
  if (request.method === 'PUT') await switchFaults(server, await readJson(request));
  return answer(200, faultsToWire(server.faults));
}

async function switchFaults(server: Breakable, body: unknown): Promise<void> {
  const faults = parseFaults(body);
  try {
    await server.setFaults(faults);
  } catch (error) {
    throw new Refusal(503, 'port_taken', `${server.url} cannot be opened: ${String(error)}.`);
  }
}

/** Streams, because the books of a long run do not fit into one string. */
async function sendBooks(
  processor: SimulatedProcessor,
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

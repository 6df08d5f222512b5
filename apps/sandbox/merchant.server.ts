import type { Random, Timers } from '#platform';
import { FaultyServer, type Call, type Incoming } from './faulty.server.js';
import { answer, fieldsOf, Refusal, type Answer } from './json-http.js';
import { MerchantBooks, type Item, type ReservationRequest } from './merchant.books.js';

const ITEMS_MAX = 100;
const QUANTITY_MAX = 1_000_000;

/** One simulated merchant on a port of its own: it keeps goods aside, and can be broken like a processor. */
export class MerchantServer extends FaultyServer {
  readonly books: MerchantBooks;

  constructor(
    readonly name: string,
    host: string,
    timers: Timers,
    random: Random,
  ) {
    const books = new MerchantBooks(() => `res_${random.uuid()}`);
    super((incoming) => callOf(books, incoming), host, timers, random);
    this.books = books;
  }
}

/** All that changes a reservation is exposed to faults. */
function callOf(books: MerchantBooks, { method, path, body }: Incoming): Call {
  const [collection, key, action, ...rest] = path.split('/').slice(1);
  if (collection !== 'reservations' || rest.length > 0) throw noSuchRoute(path);
  if (method !== 'POST') throw new Refusal(405, 'method_not_allowed', 'Only POST works here.');
  if (key === undefined) return reserveCall(books, parseRequest(body));
  if (action !== 'confirm' && action !== 'release') throw noSuchRoute(path);
  fieldsOf(body, []);
  return stepCall(books, keyOf(decoded(key)), action);
}

const reserveCall = (books: MerchantBooks, request: ReservationRequest): Call => ({
  kind: 'money',
  begin: () => () => shown(books, request.key, books.reserve(request) ? 201 : 200),
});

const stepCall = (books: MerchantBooks, key: string, step: 'confirm' | 'release'): Call => ({
  kind: 'money',
  begin: () => () => {
    books[step](key);
    return shown(books, key, 200);
  },
});

const shown = (books: MerchantBooks, key: string, status: number): Answer =>
  answer(status, books.show(key));

function parseRequest(body: unknown): ReservationRequest {
  const fields = fieldsOf(body, ['key', 'items', 'payee', 'order_reference']);
  return {
    key: keyOf(fields['key']),
    items: itemsOf(fields['items']),
    payee: textOf('payee', fields['payee']),
    orderReference: textOf('order_reference', fields['order_reference']),
  };
}

function itemsOf(value: unknown): Item[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= ITEMS_MAX) {
    return value.map(itemOf);
  }
  throw invalid(`items must be a list of 1 to ${ITEMS_MAX}`);
}

function itemOf(value: unknown): Item {
  const { sku, quantity } = fieldsOf(value, ['sku', 'quantity']);
  if (!Number.isInteger(quantity) || Number(quantity) < 1 || Number(quantity) > QUANTITY_MAX) {
    throw invalid(`quantity must be an integer from 1 to ${QUANTITY_MAX}`);
  }
  return { sku: textOf('sku', sku), quantity: Number(quantity) };
}

function keyOf(value: unknown): string {
  if (typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value)) return value;
  throw invalid('key must be 1 to 255 printable ASCII characters');
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= 255) return value;
  throw invalid(`${name} must be a text of 1 to 255 characters`);
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

const invalid = (what: string) => new Refusal(400, 'validation_failed', `${what}.`);

const noSuchRoute = (path: string) =>
  new Refusal(404, 'not_found', `There is nothing at ${path.slice(0, 100)}.`);

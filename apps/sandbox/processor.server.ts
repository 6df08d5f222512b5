import type { Clock, Random, Timers } from '#platform';
import { Books } from './books.js';
import { FaultyServer, type Call, type Incoming } from './faulty.server.js';
import { IdempotencyKeys, idempotencyKeyOf } from './idempotency.js';
import type { Answer } from './json-http.js';
import { routeOf, type Flow, type Route } from './processor.routes.js';

export interface ProcessorOptions {
  host: string;
  clock: Clock;
  timers: Timers;
  random: Random;
  /** How long a hold lasts. */
  authorizationValidForMs: number;
}

/** One simulated processor on a port of its own: routes, books, remembered keys and faults. */
export class ProcessorServer extends FaultyServer {
  readonly books: Books;
  readonly falsifiable: Books;
  readonly authorizationValidForMs: number;

  constructor(
    readonly name: string,
    readonly flow: Flow,
    { host, clock, timers, random, authorizationValidForMs }: ProcessorOptions,
  ) {
    const prefix = { charge: flow === 'two_step' ? 'ch' : 'au', refund: 're', token: 't' };
    const newId = (of: keyof typeof prefix) => `${prefix[of]}_${random.uuid()}`;
    const books = new Books(name, { clock, newId, authorizationValidForMs });
    const keys = new IdempotencyKeys();
    super(
      (incoming) => callOf(routeOf(flow, books, incoming), keys, incoming),
      host,
      timers,
      random,
    );
    this.books = books;
    this.falsifiable = books;
    this.authorizationValidForMs = authorizationValidForMs;
  }
}

const callOf = (route: Route, keys: IdempotencyKeys, incoming: Incoming): Call => ({
  kind: route.kind,
  begin: () => ('read' in route ? route.read : executionOf(route, keys, incoming)),
});

/** The key is taken when the call arrives: a second call with it is refused while the first one runs. */
function executionOf(
  route: Exclude<Route, { read: unknown }>,
  keys: IdempotencyKeys,
  { headers, body }: Incoming,
): () => Answer {
  const key = idempotencyKeyOf(headers['idempotency-key']);
  const { fingerprint, execute } = route.prepare(body);
  const stored = keys.begin(key, fingerprint);
  if (stored) return () => stored;
  return () => {
    try {
      const result = execute(key);
      keys.finish(key, result);
      return result;
    } catch (error) {
      keys.abandon(key);
      throw error;
    }
  };
}

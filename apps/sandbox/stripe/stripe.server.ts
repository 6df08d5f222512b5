import type { Random } from '#platform';
import { FaultyServer, type Call, type Incoming } from '../faulty.server.js';
import { answer, type Answer } from '../json-http.js';
import type { ProcessorOptions } from '../processor.server.js';
import { authenticationPage } from './stripe.authentication-page.js';
import { StripeBooks } from './stripe.books.js';
import { parseForm, readForm, type Form } from './stripe.form.js';
import { StripeIdempotency } from './stripe.idempotency.js';
import { StripeMethods } from './stripe.methods.js';
import { demandKnown, OPERATIONS, type Operation, type StripeWorld } from './stripe.operations.js';
import { StripeRefusal } from './stripe.refusal.js';
import { StripeWebhooks } from './stripe.webhooks.js';

/** Stripe on a port of its own: the part of its interface that is used, with books, keys, faults and webhooks. */
export class StripeServer extends FaultyServer {
  readonly name = 'stripe';
  readonly flow = 'two_step';
  readonly protocol = 'stripe';
  readonly books: StripeBooks;
  readonly webhooks: StripeWebhooks;
  readonly authorizationValidForMs: number;

  constructor({ host, clock, timers, random, authorizationValidForMs }: ProcessorOptions) {
    const newId = (prefix: string) => `${prefix}_${random.uuid().replaceAll('-', '')}`;
    const webhooks = new StripeWebhooks({ clock, timers, newId });
    const emit = (type: string, object: unknown) => webhooks.emit(type, object);
    const books = new StripeBooks({ clock, newId, authorizationValidForMs, emit });
    const methods = new StripeMethods(clock, newId);
    const reached = { at: () => '' };
    const world: StripeWorld = { books, methods, url: () => reached.at() };
    const dispatch = new Dispatch(world, new StripeIdempotency(clock), random);
    super((incoming) => dispatch.callOf(incoming), host, timers, random, readForm);
    reached.at = () => this.url;
    this.books = books;
    this.webhooks = webhooks;
    this.authorizationValidForMs = authorizationValidForMs;
    webhooks.follow(books);
  }

  override async stop(): Promise<void> {
    this.webhooks.stop();
    await super.stop();
  }
}

const LOST: Answer = answer(500, {
  error: { type: 'api_error', message: 'Something went wrong on our side.' },
});

/** From a request to what it means. Whatever is wrong with one is an answer in Stripe's form. */
class Dispatch {
  constructor(
    private readonly world: StripeWorld,
    private readonly keys: StripeIdempotency,
    private readonly random: Random,
  ) {}

  callOf(incoming: Incoming): Call {
    const page = authenticationPage(this.world.books, incoming);
    if (page) return { kind: 'ping', begin: () => page };
    const [operation, id] = operationOf(incoming);
    if (!operation) return { kind: 'ping', begin: () => () => this.sealed(noSuchRoute(incoming)) };
    const execution = new Execution(this.world, this.keys, { operation, id, incoming });
    return {
      kind: operation.kind,
      begin: () => {
        const work = execution.begin();
        return () => this.sealed(work());
      },
      failure: LOST,
      failed: (failure) => execution.failed(failure),
    };
  }

  private sealed(result: Answer): Answer {
    const requestId = `req_${this.random.bytes(7).toString('hex')}`;
    return { ...result, headers: { 'request-id': requestId, ...result.headers } };
  }
}

class Execution {
  /** Set while this call is the one that the key's answer comes from. */
  private key = '';

  constructor(
    private readonly world: StripeWorld,
    private readonly keys: StripeIdempotency,
    private readonly call: { operation: Operation; id: string; incoming: Incoming },
  ) {}

  /** The key is taken when the call arrives: a second call with it is refused while the first one runs. */
  begin(): () => Answer {
    const { operation, incoming } = this.call;
    try {
      demandSecretKey(incoming);
      const form = formOf(incoming);
      demandKnown(form, operation);
      const key = operation.method === 'POST' ? keyOf(incoming) : '';
      const stored = key && this.keys.begin(key, fingerprintOf(incoming, form));
      if (stored) return () => stored;
      this.key = key;
      return () => this.execute(form, key);
    } catch (error) {
      return () => answerTo(error);
    }
  }

  /** The failure is what the key answers with from now on. */
  failed(failure: Answer): void {
    if (this.key) this.keys.finish(this.key, failure);
  }

  private execute(form: Form, key: string): Answer {
    const { operation, id } = this.call;
    try {
      const result = answer(200, operation.run({ world: this.world, id, form, key }));
      if (key) this.keys.finish(key, result);
      return result;
    } catch (error) {
      const result = answerTo(error);
      const unused = error instanceof StripeRefusal && error.beforeExecution;
      if (unused) this.key = '';
      if (key && unused) this.keys.abandon(key);
      else if (key) this.keys.finish(key, result);
      return result;
    }
  }
}

function operationOf({ method, path }: Incoming): [Operation | undefined, string] {
  for (const operation of OPERATIONS) {
    const found = operation.method === method ? operation.path.exec(path) : null;
    if (found) return [operation, found[1] ?? ''];
  }
  return [undefined, ''];
}

const formOf = ({ method, query, body }: Incoming): Form =>
  method === 'GET' ? parseForm(query.toString()) : (body as Form);

function demandSecretKey({ headers }: Incoming): void {
  if (/^Bearer (?:sk|rk)_test_\w+$/.test(headers.authorization ?? '')) return;
  throw new StripeRefusal(401, { message: 'The API key is no test key of this account.' }, true);
}

function keyOf({ headers }: Incoming): string {
  const key = headers['idempotency-key'];
  if (key === undefined) return '';
  if (typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key)) return key;
  const message = 'An idempotency key has at most 255 characters.';
  throw new StripeRefusal(400, { type: 'idempotency_error', message }, true);
}

function fingerprintOf({ method, path }: Incoming, form: Form): string {
  const sorted = (_name: string, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return `${method} ${path} ${JSON.stringify(form, sorted)}`;
}

const noSuchRoute = ({ method, path }: Incoming): Answer =>
  new StripeRefusal(404, {
    message: `Unrecognized request URL (${method}: ${path.slice(0, 100)}).`,
  }).toAnswer();

/** What is not a refusal is a defect of the simulator and says so. */
const answerTo = (error: unknown): Answer =>
  error instanceof StripeRefusal
    ? error.toAnswer()
    : answer(500, { error: { type: 'api_error', message: `sandbox defect: ${String(error)}` } });

import { HttpClient, type HttpRequest, type HttpResponse, HttpTransportError } from '#platform';
import { Books } from '../../apps/sandbox/books.js';
import { type Answer, answer, answerToError } from '../../apps/sandbox/json-http.js';
import { MerchantBooks, type ReservationRequest } from '../../apps/sandbox/merchant.books.js';
import { type Flow, routeOf } from '../../apps/sandbox/processor.routes.js';
import type { Faults } from './faults.js';
import { type Kernel, type Life, SimClock, SimRandom } from './kernel.js';

const SERVER_ERROR: Answer = answer(500, { error: { type: 'api_error', code: 'internal' } });

/** Something that answers HTTP, with books that are the truth about money or goods. */
interface Server {
  down: boolean;
  /** Executes a request that arrived. `faulty`: money calls and look-ups are exposed to faults. */
  arrive(request: HttpRequest): {
    exposed: boolean;
    execute: () => Answer;
    store: (answer: Answer) => void;
  };
}

export interface MoneyCall {
  processor: string;
  key: string;
  path: string;
  merchantReference: string | null;
}

/** A processor of the sandbox without its sockets. It forgets idempotency keys after a while, as real ones do. */
export class SimProcessorServer implements Server {
  down = false;
  readonly books: Books;
  readonly merchantReferences = new Set<string>();
  /** What a key was answered, and when. Errors that came after the execution are kept, too. */
  private readonly keys = new Map<string, { atMs: number; answer: Answer }>();

  constructor(
    private readonly kernel: Kernel,
    readonly name: string,
    readonly flow: Flow,
    private readonly keyLifeMs: number,
    private readonly onMoneyCall: (call: MoneyCall) => void,
    /** After every call that may have changed them. */
    private readonly onBooksTouched: (server: SimProcessorServer) => void = () => undefined,
  ) {
    const random = new SimRandom(kernel.prng);
    this.books = new Books(name, {
      clock: new SimClock(kernel, 0),
      newId: (of) => `${of}_${random.uuid()}`,
      authorizationValidForMs: 7 * 86_400_000,
    });
  }

  arrive({ method, url, headers = {}, body = '{}' }: HttpRequest): ReturnType<Server['arrive']> {
    const { pathname: path, searchParams: query } = new URL(url);
    const route = routeOf(this.flow, this.books, { method, path, query });
    const plain = { exposed: false, store: () => undefined };
    if ('read' in route)
      return { ...plain, exposed: route.kind === 'look_up', execute: route.read };
    const key = headers['idempotency-key'] ?? '';
    const stored = this.keys.get(key);
    if (stored && this.kernel.nowMs - stored.atMs < this.keyLifeMs)
      return { ...plain, execute: () => stored.answer };
    const parsed = JSON.parse(body) as { merchant_reference?: string };
    const { execute } = route.prepare(parsed);
    const exposed = route.kind === 'money';
    const merchantReference = parsed.merchant_reference ?? null;
    if (merchantReference !== null) this.merchantReferences.add(merchantReference);
    return {
      exposed,
      execute: () => {
        if (exposed) this.onMoneyCall({ processor: this.name, key, path, merchantReference });
        const given = execute(key);
        this.onBooksTouched(this);
        return given;
      },
      store: (given) => void this.keys.set(key, { atMs: this.kernel.nowMs, answer: given }),
    };
  }
}

/** The sandbox's merchant without its sockets. */
export class SimMerchantServer implements Server {
  down = false;
  readonly books: MerchantBooks;

  constructor(kernel: Kernel) {
    const random = new SimRandom(kernel.prng);
    this.books = new MerchantBooks(() => `res_${random.uuid()}`);
  }

  arrive({ url, body = '{}' }: HttpRequest): ReturnType<Server['arrive']> {
    const [, , named, step] = new URL(url).pathname.split('/');
    const { books } = this;
    const execute = (): Answer => {
      if (named === undefined) {
        const { key, items, payee, order_reference: orderReference } = JSON.parse(body);
        const request: ReservationRequest = { key, items, payee, orderReference };
        return answer(books.reserve(request) ? 201 : 200, books.show(key));
      }
      const key = decodeURIComponent(named);
      if (step === 'confirm') books.confirm(key);
      else books.release(key);
      return answer(200, books.show(key));
    };
    return { exposed: true, execute, store: () => undefined };
  }
}

/** Every way out, by host name. */
export class Network {
  readonly servers = new Map<string, Server>();

  constructor(
    private readonly kernel: Kernel,
    private readonly faults: Faults,
  ) {}

  client(life: Life): HttpClient {
    return new SimHttpClient(this.kernel, this.faults, life, this.servers);
  }
}

/** A request may be refused, lost, executed and answered with an error, executed long after its caller gave up … */
class SimHttpClient extends HttpClient {
  constructor(
    private readonly kernel: Kernel,
    private readonly faults: Faults,
    private readonly life: Life,
    private readonly servers: ReadonlyMap<string, Server>,
  ) {
    super();
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    const { kernel, life, faults } = this;
    const { hostname, pathname } = new URL(request.url);
    const server = this.servers.get(hostname);
    const what = `${request.method} ${hostname}${pathname.replace(/_[0-9a-f-]{36}/g, '_*')}`;
    return new Promise((resolve, reject) => {
      request.signal?.addEventListener('abort', () =>
        reject(new HttpTransportError('sent', 'aborted')),
      );
      if (!server || server.down || faults.strikes('httpRefused')) {
        kernel.schedule(faults.delayMs('http'), `refused ${what}`, life, () =>
          reject(new HttpTransportError('not_sent', 'connection_refused')),
        );
        return;
      }
      if (faults.strikes('httpRequestLost')) return;
      kernel.schedule(faults.delayMs('http'), what, null, () => {
        // It went down while the request was on its way.
        if (server.down) return;
        const given = this.serve(server, request);
        if (faults.strikes('httpAnswerLost')) return;
        const body = faults.strikes('httpGarbled') ? this.garbled(given.body) : given.body;
        kernel.schedule(faults.delayMs('http'), `${given.status} ${what}`, life, () =>
          resolve({ ...given, body, headers: {} }),
        );
      });
    });
  }

  /** Cut off somewhere, or with other amounts in it. */
  private garbled(body: string): string {
    const { prng } = this.kernel;
    return prng.chance(0.5)
      ? body.slice(0, prng.below(body.length))
      : body.replaceAll(/"amount(\w*)":(\d+)/g, (_, of, amount) => `"amount${of}":${amount}0`);
  }

  private serve(server: Server, request: HttpRequest): Answer {
    try {
      const { exposed, execute, store } = server.arrive(request);
      if (exposed && this.faults.strikes('http500Before')) return SERVER_ERROR;
      const given = execute();
      // The money moved and the answer says otherwise, now and whenever the key comes again.
      const told = exposed && this.faults.strikes('http500After') ? SERVER_ERROR : given;
      store(told);
      return told;
    } catch (error) {
      return answerToError(error);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

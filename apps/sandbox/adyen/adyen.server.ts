import type { Clock, Random, Timers } from '#platform';
import type { Books } from '../books.js';
import { FaultyServer, type Call, type Incoming } from '../faulty.server.js';
import { IdempotencyKeys } from '../idempotency.js';
import { answer, Refusal, type Answer } from '../json-http.js';
import type { ProcessorOptions } from '../processor.server.js';
import { AdyenCards } from './adyen.cards.js';
import { AdyenPayments } from './adyen.payments.js';
import { AdyenReports } from './adyen.reports.js';
import {
  cancelOf,
  captureOrRefundOf,
  cardOf,
  paymentOf,
  technicalCancelOf,
} from './adyen.requests.js';
import { ALL_WELL, parseSwitches, switchesToWire, type AdyenSwitches } from './adyen.switches.js';
import { AdyenWebhookQueue, type AdyenEvent, type AdyenWebhookTarget } from './adyen.webhooks.js';
import { answered, ServiceError } from './adyen.error.js';
import { postOverHttp, type WebhookPost } from './webhook.post.js';

export interface AdyenSandboxOptions {
  apiKey: string;
  merchantAccount: string;
  /** Nothing is notified without one. */
  webhooks?: AdyenWebhookTarget;
  /** From a modification being received to its being carried out. Default 500 ms. */
  decidesAfterMs?: number;
  /** From what happened to its notification. Default 100 ms. */
  webhookDelayMs?: number;
  post?: WebhookPost;
  /** Who may download reports; without one there are none. */
  reportUser?: { user: string; password: string };
}

const VERSION = 'v71';
const KEY_LENGTH_MAX = 64;

/** All that happens behind one request, when its key has been seen to. */
type Work = (body: unknown, idempotencyKey: string) => { status: number; body: object };

/**
 * A double of Adyen's Checkout API on a port of its own, below `/v71`. Below `/<region>/v71` it is another region of the
 * same company: with the same books, and idempotency keys of its own.
 */
export class AdyenServer extends FaultyServer {
  readonly name = 'adyen';
  readonly flow = 'one_step';
  readonly authorizationValidForMs: number;
  private readonly state: State;

  constructor(
    options: AdyenSandboxOptions,
    { host, clock, timers, random, authorizationValidForMs }: ProcessorOptions,
  ) {
    const state = new State(
      options,
      { clock, timers, random, authorizationValidForMs },
      () => this.url,
    );
    super((incoming) => state.callOf(incoming), host, timers, random);
    this.state = state;
    this.authorizationValidForMs = authorizationValidForMs;
  }

  get books(): Books {
    return this.state.payments.books;
  }

  get switches(): object {
    return switchesToWire(this.state.switches);
  }

  setSwitches(body: unknown): void {
    this.state.switches = parseSwitches(body);
    this.state.webhooks.switched();
  }

  override async stop(): Promise<void> {
    this.state.payments.stop();
    this.state.webhooks.stop();
    this.state.reports.stop();
    await super.stop();
  }
}

class State {
  readonly payments: AdyenPayments;
  readonly webhooks: AdyenWebhookQueue;
  readonly cards: AdyenCards;
  readonly reports: AdyenReports;
  switches: AdyenSwitches = ALL_WELL;
  private readonly keys = new IdempotencyKeys();

  constructor(
    private readonly options: AdyenSandboxOptions,
    ports: { clock: Clock; timers: Timers; random: Random; authorizationValidForMs: number },
    url: () => string,
  ) {
    const { merchantAccount, webhooks: target, post = postOverHttp } = options;
    const { decidesAfterMs = 500, webhookDelayMs: delayMs = 100 } = options;
    const switches = () => this.switches;
    this.cards = new AdyenCards(ports.random);
    this.webhooks = new AdyenWebhookQueue({
      ...{ target, merchantAccount, delayMs, post, switches },
      ...ports,
    });
    const notify = (event: AdyenEvent) => this.webhooks.add(event);
    const { reportUser } = options;
    this.reports = new AdyenReports({ merchantAccount, reportUser, ...ports, url, notify });
    this.payments = new AdyenPayments({
      name: 'adyen',
      ...ports,
      decidesAfterMs,
      cards: this.cards,
      redirectUrlOf: (pspReference) => `${url()}/redirect/${pspReference}`,
      notify,
      book: (booking) => this.reports.book(booking),
    });
  }

  callOf(incoming: Incoming): Call {
    const segments = incoming.path.split('/').slice(1);
    if (segments[0] === 'redirect') return this.redirectCall(segments[1] ?? '');
    if (segments[0] === 'reports') return this.reportCall(incoming, segments);
    const region = segments[0] === VERSION ? '' : (segments.shift() ?? '');
    const path = segments.shift() === VERSION ? segments : [];
    if (incoming.method === 'GET' && path.join('/') === 'storedPaymentMethods') {
      return { kind: 'ping', begin: () => () => answered(() => this.listCards(incoming)) };
    }
    const work = incoming.method === 'POST' ? this.workOf(path) : undefined;
    if (!work) return { kind: 'ping', begin: () => () => NO_SUCH_ROUTE.toAnswer() };
    return {
      kind: path[0] === 'storedPaymentMethods' ? 'create' : 'money',
      begin: () => this.begin(incoming, region, path[0] === 'payments' && path.length === 1, work),
    };
  }

  private workOf([collection = '', pspReference = '', action = '', ...rest]: string[]):
    Work | undefined {
    if (rest.length > 0) return undefined;
    const { merchantAccount } = this.options;
    const modified = (result: object) => ({ status: 201, body: { merchantAccount, ...result } });
    switch (pspReference === '' ? collection : `${collection}/:psp/${action}`) {
      case 'payments':
        return (body, key) => ({
          status: 200,
          body: this.payments.authorize(paymentOf(body, merchantAccount), key),
        });
      case 'payments/:psp/captures':
        return (body, idempotencyKey) => {
          const { amount, reference } = captureOrRefundOf(body, merchantAccount);
          const asked = { reference, idempotencyKey };
          return modified(this.payments.capture(pspReference, amount, asked));
        };
      case 'payments/:psp/refunds':
        return (body, idempotencyKey) => {
          const { amount, reference } = captureOrRefundOf(body, merchantAccount);
          const asked = { reference, idempotencyKey };
          return modified(this.payments.refund(pspReference, amount, asked));
        };
      case 'payments/:psp/cancels':
        return (body, idempotencyKey) => {
          const { reference } = cancelOf(body, merchantAccount);
          return modified(this.payments.cancel(pspReference, { reference, idempotencyKey }));
        };
      case 'cancels':
        return (body, idempotencyKey) => {
          const { paymentReference, reference } = technicalCancelOf(body, merchantAccount);
          const asked = { reference, idempotencyKey };
          return modified(this.payments.technicalCancel(paymentReference, asked));
        };
      case 'storedPaymentMethods':
        return (body) => {
          const { shopperReference, card } = cardOf(body, merchantAccount);
          return { status: 201, body: shown(this.cards.store(shopperReference, card)) };
        };
      default:
        return undefined;
    }
  }

  /** The key is taken when the call arrives, and kept when it was executed. */
  private begin(
    { headers, body }: Incoming,
    region: string,
    isPayment: boolean,
    work: Work,
  ): () => Answer {
    try {
      this.demandApiKey(headers['x-api-key']);
      const key = this.idempotencyKeyOf(headers['idempotency-key']);
      // Without a key every request is a new one.
      if (key === undefined) return () => answered(() => answerOf(work(body, 'none')));
      const scoped = `${region} ${key}`;
      const stored = this.beginKey(scoped, isPayment);
      if (stored) return () => stored;
      return () => {
        const result = answered(() => answerOf(work(body, key), key));
        if (result.status < 300) this.keys.finish(scoped, result);
        else this.keys.abandon(scoped);
        return result;
      };
    } catch (error) {
      return () =>
        answered(() => {
          throw error;
        });
    }
  }

  /** Whatever was sent with it: the answer to the first request with the key is the answer. */
  private beginKey(scoped: string, isPayment: boolean): Answer | undefined {
    try {
      return this.keys.begin(scoped, '');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const message = 'request already processed or in progress';
      throw new ServiceError(isPayment ? 422 : 409, '704', 'validation', message, true);
    }
  }

  private demandApiKey(apiKey: string | string[] | undefined): void {
    if (apiKey === this.options.apiKey) return;
    throw new ServiceError(401, '000', 'security', 'HTTP Status Response - Unauthorized');
  }

  private idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
    if (header === undefined) return undefined;
    if (typeof header !== 'string' || header === '' || header.length > KEY_LENGTH_MAX) {
      throw new ServiceError(422, '702', 'validation', 'The idempotency key is invalid');
    }
    if (this.switches.keyStoreDown) {
      throw new ServiceError(
        503,
        '703',
        'internal',
        'Required resource temporarily unavailable',
        true,
      );
    }
    return header;
  }

  private listCards({ headers, query }: Incoming): Answer {
    this.demandApiKey(headers['x-api-key']);
    const shopperReference = query.get('shopperReference') ?? '';
    const storedPaymentMethods = this.cards.of(shopperReference).map(shown);
    const { merchantAccount } = this.options;
    return answer(200, { merchantAccount, shopperReference, storedPaymentMethods });
  }

  private reportCall({ headers }: Incoming, [, download, ...path]: string[]): Call {
    const { authorization } = headers;
    return {
      kind: 'look_up',
      begin: () => () =>
        answered(() =>
          download === 'download'
            ? this.reports.download(path, authorization)
            : NO_SUCH_ROUTE.toAnswer(),
        ),
    };
  }

  /** The buyer comes by, is authenticated, and confirms. */
  private redirectCall(pspReference: string): Call {
    return {
      kind: 'ping',
      begin: () => () => answered(() => answer(200, this.payments.confirmRedirect(pspReference))),
    };
  }
}

const NO_SUCH_ROUTE = new ServiceError(404, '000', 'validation', 'Not Found');

const answerOf = ({ status, body }: ReturnType<Work>, idempotencyKey?: string): Answer => ({
  ...answer(status, body),
  ...(idempotencyKey !== undefined && { headers: { 'idempotency-key': idempotencyKey } }),
});

const shown = (card: ReturnType<AdyenCards['store']>) => ({
  ...{ type: 'scheme', id: card.id, shopperReference: card.shopperReference },
  ...{ lastFour: card.lastFour, expiryMonth: card.expiryMonth, expiryYear: card.expiryYear },
});

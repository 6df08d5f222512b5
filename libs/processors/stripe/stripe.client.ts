import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';
import { HttpTransportError, type HttpClient, type HttpResponse } from '#platform';
import type { StripeAccount } from './stripe.account.js';

/** The version whose objects `stripe.objects.ts` reads. A new one is a decision, not an upgrade of the package. */
const API_VERSION = '2026-10-28.endive' satisfies typeof Stripe.API_VERSION;

/** Keys that the package makes up for calls without one. They would be others after a restart, so they are not sent. */
const MADE_UP_KEY = 'stripe-node-retry-';

/** What the package may put on the wire; the rest describes this machine. */
const HEADERS_SENT = [
  'accept',
  'authorization',
  'content-type',
  'idempotency-key',
  'stripe-version',
];

export interface CallOptions {
  signal: AbortSignal;
  /** Without one every call is executed anew. */
  idempotencyKey?: string;
}

/** One call on its way through the package, and what came of it. */
interface OpenCall {
  signal: AbortSignal;
  response?: HttpResponse;
  failure?: unknown;
}

/**
 * Lets the package write requests, and gives the answers back as they came: nothing of an answer, hostile ones included,
 * reaches the package's own parsing, retries or warnings. Rejects with `HttpTransportError` only.
 */
export class StripeClient {
  readonly #stripe: Stripe;
  readonly #calls = new AsyncLocalStorage<OpenCall>();

  constructor(account: StripeAccount & { baseUrl: string }, http: HttpClient) {
    this.#stripe = new Stripe(account.secretKey, {
      apiVersion: API_VERSION,
      maxNetworkRetries: 0,
      telemetry: false,
      httpClient: new PortedHttpClient(account.baseUrl, http, this.#calls),
    });
  }

  createIntent(parameters: Stripe.PaymentIntentCreateParams, options: CallOptions) {
    return this.call(options, (request) => this.#stripe.paymentIntents.create(parameters, request));
  }

  retrieveIntent(id: string, parameters: Stripe.PaymentIntentRetrieveParams, options: CallOptions) {
    return this.call(options, (request) =>
      this.#stripe.paymentIntents.retrieve(id, parameters, request),
    );
  }

  confirmIntent(id: string, parameters: Stripe.PaymentIntentConfirmParams, options: CallOptions) {
    return this.call(options, (request) =>
      this.#stripe.paymentIntents.confirm(id, parameters, request),
    );
  }

  captureIntent(id: string, parameters: Stripe.PaymentIntentCaptureParams, options: CallOptions) {
    return this.call(options, (request) =>
      this.#stripe.paymentIntents.capture(id, parameters, request),
    );
  }

  cancelIntent(id: string, parameters: Stripe.PaymentIntentCancelParams, options: CallOptions) {
    return this.call(options, (request) =>
      this.#stripe.paymentIntents.cancel(id, parameters, request),
    );
  }

  listIntents(parameters: Stripe.PaymentIntentListParams, options: CallOptions) {
    return this.call(options, (request) => this.#stripe.paymentIntents.list(parameters, request));
  }

  createRefund(parameters: Stripe.RefundCreateParams, options: CallOptions) {
    return this.call(options, (request) => this.#stripe.refunds.create(parameters, request));
  }

  retrieveRefund(id: string, options: CallOptions) {
    return this.call(options, (request) => this.#stripe.refunds.retrieve(id, {}, request));
  }

  listRefunds(parameters: Stripe.RefundListParams, options: CallOptions) {
    return this.call(options, (request) => this.#stripe.refunds.list(parameters, request));
  }

  createPaymentMethod(parameters: Stripe.PaymentMethodCreateParams, options: CallOptions) {
    return this.call(options, (request) => this.#stripe.paymentMethods.create(parameters, request));
  }

  retrieveBalance(options: CallOptions) {
    return this.call(options, (request) => this.#stripe.balance.retrieve({}, request));
  }

  private async call(
    { signal, idempotencyKey }: CallOptions,
    send: (options: Stripe.RequestOptions) => Promise<unknown>,
  ): Promise<HttpResponse> {
    const call: OpenCall = { signal };
    const options = idempotencyKey === undefined ? {} : { idempotencyKey };
    // What the package makes of it is of no interest, and an error of its own could hold what it was told.
    await this.#calls.run(call, async () => send(options)).catch(() => undefined);
    if (call.response) return call.response;
    if (call.failure instanceof HttpTransportError) throw call.failure;
    // Without a failure the package refused to write the request, so no byte of it was sent.
    throw new HttpTransportError(
      call.failure === undefined ? 'not_sent' : 'sent',
      'invalid_request',
    );
  }
}

/** The network, as the package sees it: every request succeeds with an empty object, and what really came is kept aside. */
class PortedHttpClient extends Stripe.HttpClient {
  constructor(
    private readonly baseUrl: string,
    private readonly http: HttpClient,
    private readonly calls: AsyncLocalStorage<OpenCall>,
  ) {
    super();
  }

  override getClientName(): string {
    return 'ported';
  }

  override async makeRequest(
    _host: string,
    _port: string,
    path: string,
    method: string,
    headers: Record<string, string | number | string[]>,
    body: string,
  ): Promise<EmptyAnswer> {
    const call = this.calls.getStore();
    if (!call) throw new Error('a request of nobody');
    try {
      call.response = await this.http.request({
        method: method === 'POST' ? 'POST' : 'GET',
        url: `${this.baseUrl}${path}`,
        headers: headersToSend(headers, method),
        ...(method === 'POST' ? { body } : {}),
        signal: call.signal,
      });
    } catch (error) {
      call.failure = error;
    }
    return new EmptyAnswer(200, {});
  }
}

class EmptyAnswer extends Stripe.HttpClientResponse {
  override getRawResponse(): object {
    return {};
  }

  override toStream(): never {
    throw new Error('nothing is streamed');
  }

  override toJSON(): Promise<object> {
    return Promise.resolve({});
  }
}

function headersToSend(
  headers: Record<string, string | number | string[]>,
  method: string,
): Record<string, string> {
  const sent = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), String(value)] as const)
    .filter(([name]) => HEADERS_SENT.includes(name))
    .filter(([name, value]) => name !== 'idempotency-key' || !value.startsWith(MADE_UP_KEY))
    .filter(([name]) => name !== 'content-type' || method === 'POST');
  return { ...Object.fromEntries(sent), 'user-agent': 'bursar' };
}

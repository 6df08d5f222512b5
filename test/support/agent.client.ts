import { randomUUID } from 'node:crypto';
import type {
  CreatedAgent,
  Explanation,
  LedgerAccount,
  LedgerEntry,
  Mandate,
  MandateRequest,
  Operation,
  Page,
  PaymentIntent,
  PaymentMethod,
  PaymentRequest,
  ProcessorHealth,
  Refund,
  StreamEvent,
  WorldEvent,
} from './contract.types.js';
import { createHttpClient, type Answer, type HttpCall } from './http.client.js';

export interface PostOptions {
  /** A fresh one by default; null sends none. */
  idempotencyKey?: string | null;
  prefer?: string;
  headers?: Record<string, string>;
}

type Query = Record<string, string | number>;

/** Everything one principal can ask of the server, with nothing added: no retry, no check of the answer. */
export type ApiClient = ReturnType<typeof createApiClient>;

/** `credential` is the key of the principal, or null to come without one. */
export function createApiClient(baseUrl: string, credential: string | null, connections?: number) {
  const http = createHttpClient(baseUrl, connections);
  const identity: Record<string, string> =
    credential === null ? {} : { authorization: `Bearer ${credential}` };

  const request = <T>(method: string, path: string, call: HttpCall = {}): Promise<Answer<T>> =>
    http.call<T>(method, path, { ...call, headers: { ...identity, ...call.headers } });
  const get = <T>(path: string, query: Query = {}) =>
    request<T>('GET', `${path}${queryString(query)}`);
  const post = <T>(path: string, body: Pick<HttpCall, 'json' | 'bytes'>, options?: PostOptions) =>
    request<T>('POST', path, { ...body, headers: postHeaders(options) });

  return {
    /** Any request at all; its headers win over the credential. */
    request,
    close: http.close,

    createPayment: (payment: PaymentRequest, options?: PostOptions) =>
      post<PaymentIntent>('/v1/payment_intents', { json: payment }, options),
    /** A payment whose body the test wrote byte by byte. */
    createPaymentFrom: (bytes: string | Buffer, options?: PostOptions) =>
      post<PaymentIntent>('/v1/payment_intents', { bytes }, options),
    payment: (id: string) => get<PaymentIntent>(`/v1/payment_intents/${id}`),
    payments: (query?: Query) => get<Page<PaymentIntent>>('/v1/payment_intents', query),
    approve: (id: string, approval: { fingerprint?: string } = {}, options?: PostOptions) =>
      post<PaymentIntent>(`/v1/payment_intents/${id}/approve`, { json: approval }, options),
    deny: (id: string, denial: { reason?: string } = {}, options?: PostOptions) =>
      post<PaymentIntent>(`/v1/payment_intents/${id}/deny`, { json: denial }, options),
    /** Without an amount: all that is held. */
    capture: (id: string, capture: { amount?: number } = {}, options?: PostOptions) =>
      post<PaymentIntent>(`/v1/payment_intents/${id}/capture`, { json: capture }, options),
    cancel: (id: string, options?: PostOptions) =>
      post<PaymentIntent>(`/v1/payment_intents/${id}/cancel`, { json: {} }, options),
    /** Without an amount: all that is left. */
    refund: (id: string, refund: { amount?: number; reason: string }, options?: PostOptions) =>
      post<Refund>(`/v1/payment_intents/${id}/refunds`, { json: refund }, options),
    events: (id: string, query?: Query) =>
      get<Page<StreamEvent>>(`/v1/payment_intents/${id}/events`, query),
    /** What the world is told. */
    feed: (query?: Query) => get<Page<WorldEvent>>('/v1/events', query),
    explanation: (id: string) => get<Explanation>(`/v1/payment_intents/${id}/explanation`),
    operations: (idempotencyKey: string) =>
      get<Page<Operation>>('/v1/operations', { idempotency_key: idempotencyKey }),
    authority: () => get<unknown>('/v1/authority'),

    /** Any body at all, so that mistakes can be made. */
    tokenize: (body: object, options?: PostOptions) =>
      post<PaymentMethod>('/v1/payment_methods', { json: body }, options),
    paymentMethod: (id: string) => get<PaymentMethod>(`/v1/payment_methods/${id}`),
    paymentMethods: (query?: Query) => get<Page<PaymentMethod>>('/v1/payment_methods', query),
    erasePaymentMethod: (id: string) =>
      request<PaymentMethod>('DELETE', `/v1/payment_methods/${id}`),

    createAgent: (name: string, options?: PostOptions) =>
      post<CreatedAgent>('/v1/agents', { json: { name } }, options),
    createKey: (agent: string) => post<CreatedAgent>(`/v1/agents/${agent}/keys`, { json: {} }),
    revokeKey: (agent: string, keyId: string) =>
      post<unknown>(`/v1/agents/${agent}/keys/${keyId}/revoke`, { json: {} }),
    suspend: (agent: string) => post<unknown>(`/v1/agents/${agent}/suspend`, { json: {} }),
    resume: (agent: string) => post<unknown>(`/v1/agents/${agent}/resume`, { json: {} }),
    createMandate: (mandate: MandateRequest, options?: PostOptions) =>
      post<Mandate>('/v1/mandates', { json: mandate }, options),
    revokeMandate: (id: string) => post<unknown>(`/v1/mandates/${id}/revoke`, { json: {} }),

    ledgerEntries: (query?: Query) => get<Page<LedgerEntry>>('/v1/ledger/entries', query),
    ledgerAccounts: (query?: Query) => get<Page<LedgerAccount>>('/v1/ledger/accounts', query),
    processors: () => get<Page<ProcessorHealth>>('/v1/processors'),
    parked: () => get<Page<unknown>>('/v1/parked'),
    retryParked: (id: string) => post<unknown>(`/v1/parked/${id}/retry`, { json: {} }),
  };
}

function postHeaders({ idempotencyKey, prefer, headers }: PostOptions = {}) {
  const key = idempotencyKey === undefined ? randomUUID() : idempotencyKey;
  return {
    ...(key === null ? {} : { 'idempotency-key': key }),
    ...(prefer === undefined ? {} : { prefer }),
    ...headers,
  };
}

function queryString(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** Follows the cursor to the end. */
export async function everyPage<T>(
  page: (query: Query) => Promise<Answer<Page<T>>>,
  query: Query = {},
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | null = null;
  do {
    const answer: Answer<Page<T>> = await page(cursor === null ? query : { ...query, cursor });
    if (answer.status !== 200) throw new Error(`a page answered ${answer.bytes.toString('utf8')}`);
    found.push(...answer.body.data);
    cursor = answer.body.next_cursor;
  } while (cursor !== null);
  return found;
}

import { createHash } from 'node:crypto';
import type { BooksWindow, Outcome, PrepareOutcome, RefundOutcome } from '#domain';
import type { HttpClient, HttpResponse } from '#platform';
import type { Card } from '../card.js';
import { toProcessorAmount } from '../minor-units.js';
import {
  Processor,
  type AttemptOrder,
  type ListAnswer,
  type LookUpAnswer,
  type ProcessorCapabilities,
  type ProvisionOutcome,
} from '../processor.port.js';
import { UNKNOWN_METHOD } from '../unknown-method.js';
import { adyenCapabilities, AUTHORIZATION_VALID_FOR_MS } from './adyen.capabilities.js';
import {
  authorizationOutcomeOf,
  captureOutcomeOf,
  outcomeOfTransportError,
  provisionOutcomeOf,
  refundOutcomeOf,
  voidOutcomeOf,
  type Sent,
} from './adyen.mapping.js';
import {
  cancelRequestOf,
  captureRequestOf,
  paymentRequestOf,
  refundRequestOf,
  storeCardRequestOf,
  storedCardOf,
  technicalCancelRequestOf,
  tokenOf,
} from './adyen.requests.js';
import { recordsOf, reportsOf } from './adyen.report.js';
import { isReference, type AdyenAmount } from './adyen.values.js';

export interface AdyenAccount {
  /** What this account is called in Bursar. */
  name: string;
  apiKey: string;
  merchantAccount: string;
  /**
   * The Checkout API of one region, version included: `https://checkout-test.adyen.com/v71`. Idempotency keys are not known
   * in other regions, so it must never change while a payment is open.
   */
  baseUrl: string;
  /** Where the buyer comes back to after a redirect. */
  returnUrl: string;
  /** Where its reports are downloaded, `https://ca-test.adyen.com`, and as which report user. Without it nothing can be listed. */
  reports?: { baseUrl: string; user: string; password: string };
  /** How long the account's holds last, if it is not the shortest a card scheme allows. */
  authorizationValidForMs?: number;
}

const KEY_LENGTH_MAX = 64;

/** Speaks to the Checkout API, v71, for one merchant account. */
export class AdyenConnector extends Processor {
  readonly name: string;
  readonly capabilities: ProcessorCapabilities;

  constructor(
    private readonly account: AdyenAccount,
    private readonly http: HttpClient,
  ) {
    super();
    this.name = account.name;
    this.capabilities = adyenCapabilities(
      account.authorizationValidForMs ?? AUTHORIZATION_VALID_FOR_MS,
    );
  }

  prepare(): Promise<PrepareOutcome> {
    return Promise.resolve({ kind: 'not_executed', evidence: 'not_supported' });
  }

  async authorize(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    const amount = this.amountOf(order);
    if ('kind' in amount) return amount;
    const card = storedCardOf(order.paymentMethod);
    // Never sent, so the answer is the same however often it is asked for.
    if (!card) return UNKNOWN_METHOD;
    const body = paymentRequestOf(order, amount, card, this.account);
    return this.move('/payments', `${order.key}.pay`, body, signal, (response, sent) =>
      authorizationOutcomeOf(order, response, sent),
    );
  }

  async capture(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    const amount = this.amountOf(order);
    if ('kind' in amount) return amount;
    const path = this.pathOf(order, 'captures');
    if (path === undefined) return { kind: 'not_executed', evidence: 'reference_missing' };
    const body = captureRequestOf(order, amount, this.account);
    return this.move(path, `${order.key}.capture`, body, signal, (response, sent) =>
      captureOutcomeOf(order, response, sent),
    );
  }

  /** By Adyen's name for the payment; by ours when that was never received. */
  async void(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    const read = (response: HttpResponse, sent: Sent) => voidOutcomeOf(order, response, sent);
    const path = this.pathOf(order, 'cancels');
    if (path !== undefined) {
      const body = cancelRequestOf(order, this.account);
      return this.move(path, `${order.key}.cancel`, body, signal, read);
    }
    const body = technicalCancelRequestOf(order, this.account);
    return this.move('/cancels', `${order.key}.technical`, body, signal, read);
  }

  async refund(order: AttemptOrder, signal: AbortSignal): Promise<RefundOutcome> {
    const amount = this.amountOf(order);
    if ('kind' in amount) return amount;
    const path = this.pathOf(order, 'refunds');
    const { refund } = order;
    if (path === undefined || !refund) {
      return { kind: 'not_executed', evidence: 'reference_missing' };
    }
    const body = refundRequestOf(refund.key, amount, this.account);
    return this.move(path, `${refund.key}.refund`, body, signal, (response, sent) =>
      refundOutcomeOf(order, refund.key, response, sent),
    );
  }

  /** Adyen has nothing to ask: what became of a refund comes as a notification. */
  lookUpRefund(): Promise<RefundOutcome> {
    return Promise.resolve({ kind: 'unknown', evidence: 'not_supported' });
  }

  /** Adyen has nothing to ask: what became of a payment comes as a notification, or by the same key again. */
  lookUp(): Promise<LookUpAnswer> {
    return Promise.resolve({ state: 'unproven', evidence: 'not_supported' });
  }

  /** A technical cancel stops what has arrived, not what is still on its way, so it is no fence. */
  fence(): Promise<Outcome> {
    return Promise.resolve({ kind: 'unknown', evidence: 'not_supported' });
  }

  async provision(card: Card, key: string, signal: AbortSignal): Promise<ProvisionOutcome> {
    const shopperReference = shopperOf(key);
    const body = storeCardRequestOf(card, shopperReference, this.account);
    try {
      const response = await this.post('/storedPaymentMethods', `${shopperReference}.store`, body, {
        signal,
      });
      return provisionOutcomeOf(response, shopperReference, (storedPaymentMethodId) =>
        tokenOf({ shopperReference, storedPaymentMethodId }),
      );
    } catch (error) {
      return { kind: 'failed', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  /**
   * There is nothing to list: a report of each day is made after it, and its name is known. All of the window's days are one page, as
   * they were when the last of these days ended.
   */
  async list(
    window: BooksWindow,
    _cursor: string | null,
    signal: AbortSignal,
  ): Promise<ListAnswer> {
    if (!this.account.reports) return { kind: 'failed', evidence: 'reports_not_configured' };
    const { names, endMs } = reportsOf(window);
    const reports: string[] = [];
    try {
      for (const name of names) {
        const { status, body } = await this.download(name, this.account.reports, signal);
        if (status === 404) return { kind: 'failed', evidence: 'report_not_there' };
        if (status !== 200) return { kind: 'failed', evidence: `http_${status}` };
        reports.push(body);
      }
    } catch (error) {
      return { kind: 'failed', evidence: outcomeOfTransportError(error).evidence };
    }
    const records = recordsOf(reports, this.account.merchantAccount);
    if (typeof records === 'string') return { kind: 'failed', evidence: records };
    const { fromMs, toMs } = window;
    const asked = records.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    return { kind: 'listed', records: asked, next: null, asOfMs: endMs };
  }

  /** Lists the cards of a shopper nobody is; an Adyen in trouble answers with a 5xx. */
  async ping(signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({
      shopperReference: 'bursar-ping',
      merchantAccount: this.account.merchantAccount,
    });
    const { status } = await this.http.request({
      method: 'GET',
      url: `${this.account.baseUrl}/storedPaymentMethods?${query}`,
      headers: { 'x-api-key': this.account.apiKey },
      signal,
    });
    if (status >= 500) throw new Error(`Adyen answers ${status}.`);
  }

  private download(
    name: string,
    { baseUrl, user, password }: NonNullable<AdyenAccount['reports']>,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const credentials = Buffer.from(`${user}:${password}`).toString('base64');
    return this.http.request({
      method: 'GET',
      url: `${baseUrl}/reports/download/MerchantAccount/${this.account.merchantAccount}/${name}`,
      headers: { authorization: `Basic ${credentials}` },
      signal,
    });
  }

  /** What Adyen is told, or why it cannot be told: an amount is never rounded. */
  private amountOf({
    amountMinor,
    currency,
  }: AttemptOrder): AdyenAmount | { kind: 'not_executed'; evidence: string } {
    const { currencies } = this.capabilities;
    if (currencies !== 'all' && !currencies.includes(currency)) {
      return { kind: 'not_executed', evidence: 'currency_unsupported' };
    }
    const value = toProcessorAmount(amountMinor, currency, this.capabilities);
    return value === undefined
      ? { kind: 'not_executed', evidence: 'amount_not_representable' }
      : { value, currency };
  }

  /** Undefined when only our own name for the payment is known. */
  private pathOf({ key, reference }: AttemptOrder, action: string): string | undefined {
    return isReference(reference) && reference !== key
      ? `/payments/${reference}/${action}`
      : undefined;
  }

  private async move<O extends Outcome>(
    path: string,
    idempotencyKey: string,
    body: object,
    signal: AbortSignal,
    read: (response: HttpResponse, sent: Sent) => O,
  ): Promise<O | Extract<Outcome, { kind: 'not_executed' | 'unknown' }>> {
    const { merchantAccount } = this.account;
    try {
      const response = await this.post(path, idempotencyKey, body, { signal });
      return read(response, { idempotencyKey, merchantAccount });
    } catch (error) {
      return outcomeOfTransportError(error);
    }
  }

  private post(
    path: string,
    idempotencyKey: string,
    body: object,
    { signal }: { signal: AbortSignal },
  ): Promise<HttpResponse> {
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': idempotencyKey,
      'x-api-key': this.account.apiKey,
    };
    const url = `${this.account.baseUrl}${path}`;
    return this.http.request({ method: 'POST', url, headers, body: JSON.stringify(body), signal });
  }
}

/** One shopper for each card: the same key stores the same card again, and no card is seen beside another. */
function shopperOf(key: string): string {
  const lengthMax = KEY_LENGTH_MAX - '.store'.length;
  return isReference(key) && key.length >= 3 && key.length <= lengthMax
    ? key
    : createHash('sha256').update(key).digest('hex').slice(0, 40);
}

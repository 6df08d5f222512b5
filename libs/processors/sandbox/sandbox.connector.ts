import {
  type BooksWindow,
  type Outcome,
  type PrepareOutcome,
  type RefundOutcome,
  toRfc3339,
} from '#domain';
import type { HttpClient, HttpResponse } from '#platform';
import type { Card } from '../card.js';
import {
  Processor,
  type AttemptOrder,
  type ListAnswer,
  type LookUpAnswer,
  type ProcessorCapabilities,
  type ProvisionOutcome,
} from '../processor.port.js';
import { listAnswerOf } from './sandbox.listing.js';
import {
  lookUpAnswerOf,
  outcomeOf,
  outcomeOfTransportError,
  prepareOutcomeOf,
  provisionOutcomeOf,
  refundLookUpOutcomeOf,
  refundOutcomeOf,
  type MoneyOperation,
} from './sandbox.mapping.js';

export interface SandboxAccount {
  name: string;
  baseUrl: string;
  authorization: ProcessorCapabilities['authorization'];
  /** How long it keeps what is held. */
  authorizationValidForMs: number;
}

/** Keys live 24 h here, as they do at real processors; four hours are the margin. */
const KEY_SAFE_FOR_MS = 20 * 60 * 60 * 1_000;

/** Speaks to one processor of the sandbox. */
export class SandboxConnector extends Processor {
  readonly name: string;
  readonly capabilities: ProcessorCapabilities;
  private readonly twoStep: boolean;
  private readonly collectionUrl: string;

  constructor(
    private readonly account: SandboxAccount,
    private readonly http: HttpClient,
  ) {
    super();
    this.name = account.name;
    this.twoStep = account.authorization === 'two_step';
    this.collectionUrl = `${account.baseUrl}/v1/${this.twoStep ? 'charges' : 'authorizations'}`;
    this.capabilities = {
      authorization: account.authorization,
      fence: this.twoStep,
      lookUp: true,
      idempotencyKey: { lengthMax: 255, safeForMs: KEY_SAFE_FOR_MS },
      currencies: 'all',
      minorUnits: {},
      methods: ['card'],
      amountMax: null,
      decidesLater: [],
      authorizationValidForMs: account.authorizationValidForMs,
    };
  }

  async prepare(order: AttemptOrder, signal: AbortSignal): Promise<PrepareOutcome> {
    if (!this.twoStep) return { kind: 'not_executed', evidence: 'not_supported' };
    try {
      const body = newCharge(order);
      return prepareOutcomeOf(order, await this.post('', `${order.key}.create`, body, signal));
    } catch (error) {
      return { kind: 'not_executed', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  authorize(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    return this.twoStep
      ? this.act('authorize', order, 'confirm', `${order.key}.confirm`, {}, signal)
      : this.move('authorize', order, '', `${order.key}.authorize`, newCharge(order), signal);
  }

  capture(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    const body = { amount: order.amountMinor };
    return this.act('capture', order, 'capture', `${order.key}.capture`, body, signal);
  }

  void(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    const action = this.twoStep ? 'cancel' : 'void';
    return this.act('void', order, action, `${order.key}.void`, {}, signal);
  }

  async refund(order: AttemptOrder, signal: AbortSignal): Promise<RefundOutcome> {
    const { reference, refund, amountMinor } = order;
    if (!reference || !refund) return { kind: 'not_executed', evidence: 'reference_missing' };
    const path = `/${encodeURIComponent(reference)}/refunds`;
    try {
      const body = { amount: amountMinor };
      return refundOutcomeOf(order, await this.post(path, refund.key, body, signal));
    } catch (error) {
      return outcomeOfTransportError(error);
    }
  }

  async lookUpRefund(order: AttemptOrder, signal: AbortSignal): Promise<RefundOutcome> {
    const { reference, refund } = order;
    if (!reference || !refund) return { kind: 'unknown', evidence: 'reference_missing' };
    const collection = `${this.collectionUrl}/${encodeURIComponent(reference)}/refunds`;
    const url =
      refund.reference === undefined
        ? `${collection}?idempotency_key=${encodeURIComponent(refund.key)}`
        : `${collection}/${encodeURIComponent(refund.reference)}`;
    try {
      return refundLookUpOutcomeOf(order, await this.http.request({ method: 'GET', url, signal }));
    } catch (error) {
      return { kind: 'unknown', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  /** Cancels the charge unless it already holds money. */
  async fence(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    if (!this.twoStep) return { kind: 'unknown', evidence: 'not_supported' };
    if (order.reference === undefined) return { kind: 'unknown', evidence: 'reference_missing' };
    const body = { unconfirmed_only: true };
    const outcome = await this.act('fence', order, 'cancel', `${order.key}.fence`, body, signal);
    // That the fence did not reach the processor says nothing about the attempt.
    return outcome.kind === 'not_executed'
      ? { kind: 'unknown', evidence: outcome.evidence }
      : outcome;
  }

  async lookUp(order: AttemptOrder, signal: AbortSignal): Promise<LookUpAnswer> {
    const url =
      order.reference === undefined
        ? `${this.collectionUrl}?merchant_reference=${encodeURIComponent(order.key)}`
        : `${this.collectionUrl}/${encodeURIComponent(order.reference)}`;
    try {
      return lookUpAnswerOf(order, await this.http.request({ method: 'GET', url, signal }));
    } catch (error) {
      return { state: 'unproven', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  async provision(card: Card, key: string, signal: AbortSignal): Promise<ProvisionOutcome> {
    const { number, expMonth, expYear, cvc } = card;
    const wire = { number, exp_month: expMonth, exp_year: expYear, ...(cvc && { cvc }) };
    const url = `${this.account.baseUrl}/v1/tokens`;
    try {
      return provisionOutcomeOf(await this.postTo(url, key, { card: wire }, signal));
    } catch (error) {
      return { kind: 'failed', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  async list(
    { fromMs, toMs }: BooksWindow,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<ListAnswer> {
    const query = new URLSearchParams({
      ...{ created_from: toRfc3339(fromMs), created_to: toRfc3339(toMs) },
      ...(cursor !== null && { cursor }),
    });
    const url = `${this.account.baseUrl}/v1/entries?${query}`;
    try {
      return listAnswerOf(await this.http.request({ method: 'GET', url, signal }));
    } catch (error) {
      return { kind: 'failed', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.http.request({ method: 'GET', url: `${this.account.baseUrl}/v1/ping`, signal });
  }

  /** One operation on a charge that exists. */
  private async act(
    operation: MoneyOperation,
    order: AttemptOrder,
    action: string,
    key: string,
    body: object,
    signal: AbortSignal,
  ): Promise<Outcome> {
    if (order.reference === undefined) {
      return { kind: 'not_executed', evidence: 'reference_missing' };
    }
    const path = `/${encodeURIComponent(order.reference)}/${action}`;
    return this.move(operation, order, path, key, body, signal);
  }

  private async move(
    operation: MoneyOperation,
    order: AttemptOrder,
    path: string,
    key: string,
    body: object,
    signal: AbortSignal,
  ): Promise<Outcome> {
    try {
      return outcomeOf(operation, order, await this.post(path, key, body, signal));
    } catch (error) {
      return outcomeOfTransportError(error);
    }
  }

  private post(
    path: string,
    key: string,
    body: object,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    return this.postTo(`${this.collectionUrl}${path}`, key, body, signal);
  }

  private postTo(
    url: string,
    key: string,
    body: object,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    return this.http.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal,
    });
  }
}

const newCharge = (order: AttemptOrder) => ({
  amount: order.amountMinor,
  currency: order.currency,
  payment_method: order.paymentMethod,
  merchant_reference: order.key,
});

import { describe, expect, it } from 'vitest';
import { HttpClient, type HttpRequest, type HttpResponse } from '#platform';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { UndiciHttpClient } from '#platform/undici';
import { adyenDecimals } from '../../../apps/sandbox/adyen/adyen.currencies.js';
import { startSandbox } from '../../../apps/sandbox/sandbox.js';
import { Card } from '../card.js';
import type { ProcessorNotice } from '../notice.port.js';
import {
  describeProcessor,
  type BookedCharge,
  type ContractFault,
  type ProcessorUnderTest,
} from '../processor.contract.js';
import type { AttemptOrder } from '../processor.port.js';
import { adyenSpecification } from './adyen.specification.fixture.js';
import { AdyenNoticeReader, createAdyenProcessor } from './index.js';

const MODES: Record<ContractFault, string> = {
  none: 'none',
  refuse: 'refuse',
  lose_request: 'error_500_before',
  lose_answer: 'error_500_after',
  hang_after: 'timeout_after',
};

const DAY_MS = 86_400_000;
/** Longer than the day that reports take. */
const AUTHORIZATION_VALID_FOR_MS = 3 * DAY_MS;
const REPORT_USER = { user: 'report@Company.Sandbox', password: 'a secret' };
const DECIDES_AFTER_MS = 500;
const WEBHOOK_DELAY_MS = 100;
const LASTS_MS = {
  decision: DECIDES_AFTER_MS + WEBHOOK_DELAY_MS,
  refund_settlement: 10_000,
  authorization: AUTHORIZATION_VALID_FOR_MS + WEBHOOK_DELAY_MS,
};
const MERCHANT_ACCOUNT = 'BursarECOM';
const HMAC_KEY = '0123456789abcdef'.repeat(4);
const BASIC_AUTH = { username: 'adyen', password: 'correct horse' };

type WireCharge = Omit<BookedCharge, 'amountCaptured' | 'amountRefunded'> & {
  amount_captured: number;
  amount_refunded: number;
};

/** Checks every request that the connector makes against Adyen's own specification, where that is at hand. */
class CheckedHttpClient extends HttpClient {
  readonly problems: string[] = [];
  requests = 0;

  constructor(private readonly http: HttpClient) {
    super();
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    this.requests += 1;
    // Reports are no part of the Checkout API, and of no specification.
    if (request.url.includes('/reports/download/')) return this.http.request(request);
    this.problems.push(...(adyenSpecification?.problemsOf(request) ?? []));
    return this.http.request(request);
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

async function startUnderTest(): Promise<ProcessorUnderTest> {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const reader = new AdyenNoticeReader({
    name: 'adyen',
    merchantAccount: MERCHANT_ACCOUNT,
    hmacKeys: [HMAC_KEY],
    basicAuth: BASIC_AUTH,
  });
  const notices: ProcessorNotice[] = [];
  const sandbox = await startSandbox({
    port: 0,
    host: '127.0.0.1',
    clock,
    timers,
    authorizationValidForMs: AUTHORIZATION_VALID_FOR_MS,
    adyen: {
      apiKey: 'a-key',
      merchantAccount: MERCHANT_ACCOUNT,
      reportUser: REPORT_USER,
      decidesAfterMs: DECIDES_AFTER_MS,
      webhookDelayMs: WEBHOOK_DELAY_MS,
      webhooks: { url: 'https://bursar.example', hmacKey: HMAC_KEY, basicAuth: BASIC_AUTH },
      post: (_url, body, headers) => {
        const reading = reader.read(Buffer.from(body), headers);
        if (!reading.ok) throw new Error(`${reading.code}: ${body}`);
        notices.push(...reading.notices);
        return Promise.resolve(true);
      },
    },
  });
  const http = new UndiciHttpClient();
  const control = `${sandbox.url}/processors/adyen`;
  const account = {
    name: 'adyen',
    apiKey: 'a-key',
    merchantAccount: MERCHANT_ACCOUNT,
    baseUrl: `${sandbox.doubles[0]?.url}/v71`,
    returnUrl: 'https://bursar.example/return',
    reports: { baseUrl: `${sandbox.doubles[0]?.url}`, ...REPORT_USER },
  };
  const checked = new CheckedHttpClient(http);
  return {
    processor: createAdyenProcessor(account, checked),
    tokens: {
      good: 'shopper.SANDBOX_VISA',
      softDecline: 'shopper.SANDBOX_BALANCE',
      hardDecline: 'shopper.SANDBOX_STOLEN',
      refundPending: 'shopper.SANDBOX_VISA',
      refundFails: 'shopper.SANDBOX_REFUND_FAILS',
      refundRefused: 'shopper.SANDBOX_REFUND_REFUSED',
    },
    async charges(orderKey) {
      const url = `${control}/books?merchant_reference=${orderKey}`;
      const { body } = await http.request({ method: 'GET', url });
      const { charges } = JSON.parse(body) as { charges: WireCharge[] };
      return charges.map(({ amount_captured, amount_refunded, ...charge }) => ({
        ...charge,
        amountCaptured: amount_captured,
        amountRefunded: amount_refunded,
      }));
    },
    async break(fault) {
      const body = JSON.stringify({ mode: MODES[fault] });
      const { status } = await http.request({ method: 'PUT', url: `${control}/faults`, body });
      if (status !== 200) throw new Error(`the sandbox refused the fault: ${status}`);
    },
    letPass: (what) => timers.advance(LASTS_MS[what]),
    notices: () => Promise.resolve(notices.splice(0)),
    async listed() {
      const nowMs = clock.now();
      await timers.advance(DAY_MS - (nowMs % DAY_MS));
      return { fromMs: nowMs - 3_600_000, toMs: nowMs + 1_000 };
    },
    digitsOf: (currency) => adyenDecimals(currency) ?? NaN,
    async stop() {
      await http.close();
      await sandbox.stop();
      expect(checked.problems).toEqual([]);
      expect(checked.requests).toBeGreaterThan(100);
    },
  };
}

describeProcessor('adyen', startUnderTest);

describe.skipIf(!adyenSpecification)("Adyen's specification", () => {
  const request = {
    method: 'POST' as const,
    url: 'https://checkout-test.adyen.com/v71/cancels',
    headers: { 'x-api-key': 'a-key', 'idempotency-key': 'a-key' },
    body: JSON.stringify({ merchantAccount: 'a', paymentReference: 'b' }),
  };
  const problemsOf = (changes: Partial<HttpRequest>) =>
    adyenSpecification?.problemsOf({ ...request, ...changes });

  it('allows what it documents, and nothing else', () => {
    expect(problemsOf({})).toEqual([]);
    for (const changes of [
      { url: `${request.url}/x` },
      { method: 'PUT' as const },
      { headers: {} },
      { headers: { ...request.headers, 'idempotency-key': 'k'.repeat(65) } },
      { body: JSON.stringify({ merchantAccount: 'a' }) },
      { body: JSON.stringify({ merchantAccount: 'a', paymentReference: 'b', amount: 1 }) },
    ]) {
      expect(problemsOf(changes)).not.toEqual([]);
    }
  });
});

const { ADYEN_API_KEY: apiKey, ADYEN_MERCHANT_ACCOUNT: merchantAccount } = process.env;

/** Adyen cannot be asked for its books, so its answers have to do. */
describe.skipIf(!apiKey || !merchantAccount)("Adyen's test environment", () => {
  const never = new AbortController().signal;
  const runId = Date.now().toString(36);
  const processor = createAdyenProcessor(
    {
      name: 'adyen',
      apiKey: apiKey || 'unset',
      merchantAccount: merchantAccount || 'unset',
      baseUrl: process.env.ADYEN_BASE_URL || 'https://checkout-test.adyen.com/v71',
      returnUrl: 'https://bursar.example/return',
    },
    new UndiciHttpClient({ connectTimeoutMs: 5_000 }),
  );
  const card = new Card({ number: '4111111111111111', expMonth: 3, expYear: 2030, cvc: '737' });

  it('answers a ping', async () => {
    await expect(processor.ping(never)).resolves.toBeUndefined();
  });

  it('stores a card, holds, takes on a capture and a refund, and another hold to be let go', async () => {
    const stored = await processor.provision(card, `contract-${runId}`, never);
    if (stored.kind !== 'provisioned') throw new Error(JSON.stringify(stored));
    const newOrder = (key: string): AttemptOrder => ({
      key: `contract-${runId}-${key}`,
      amountMinor: 4_200,
      currency: 'EUR',
      paymentMethod: stored.token,
    });
    const order = newOrder('1');
    const held = await processor.authorize(order, never);
    if (held.kind !== 'succeeded') throw new Error(JSON.stringify(held));
    expect(await processor.authorize(order, never)).toEqual(held);
    const known = { ...order, reference: held.reference };
    expect((await processor.capture(known, never)).kind).toBe('accepted');
    const refund = { ...known, refund: { key: `${order.key}-r1` } };
    expect((await processor.refund(refund, never)).kind).toBe('accepted');
    const other = newOrder('2');
    const heldToo = await processor.authorize(other, never);
    if (heldToo.kind !== 'succeeded') throw new Error(JSON.stringify(heldToo));
    const voided = await processor.void({ ...other, reference: heldToo.reference }, never);
    expect(voided.kind).toBe('accepted');
  });
});

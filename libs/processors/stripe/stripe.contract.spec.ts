import { describe, expect, it } from 'vitest';
import { minorUnits } from '#domain';
import { HttpClient, HttpTransportError, type HttpRequest, type HttpResponse } from '#platform';
import { VirtualClock } from '#platform/memory';
import { UndiciHttpClient } from '#platform/undici';
import { startSandbox } from '../../../apps/sandbox/sandbox.js';
import { Card } from '../card.js';
import {
  describeProcessor,
  type BookedCharge,
  type ContractFault,
  type ProcessorUnderTest,
} from '../processor.contract.js';
import { createStripeProcessor } from './index.js';
import { disagreements, openStripeDocument } from './stripe-document.fixture.js';

const AUTHORIZATION_VALID_FOR_MS = 60_000;
const LASTS_MS = {
  refund_settlement: 1_000,
  decision: 0,
  authorization: AUTHORIZATION_VALID_FOR_MS,
};

/** Published at https://docs.stripe.com/testing. */
const TOKENS: ProcessorUnderTest['tokens'] = {
  good: 'pm_card_visa',
  softDecline: 'pm_card_visa_chargeDeclinedInsufficientFunds',
  hardDecline: 'pm_card_visa_chargeDeclinedStolenCard',
  refundPending: 'pm_card_pendingRefund',
  refundFails: 'pm_card_refundFail',
  refundRefused: 'pm_card_createDispute',
  actionRequired: 'pm_card_threeDSecure2Required',
  risky: 'pm_card_riskLevelElevated',
};
const [GOOD_NUMBER, WRONG_NUMBER] = ['4242424242424242', '4242424242424241'];
const VALID = { expMonth: 12, expYear: 2040, cvc: '123' };

/** Where its books count other digits than ISO 4217, from the same page. */
const DIGITS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 };

/** Written down from https://docs.stripe.com/currencies, not computed. */
const AMOUNTS: NonNullable<ProcessorUnderTest['amounts']> = [
  { amountMinor: 4_200, currency: 'USD', booked: 4_200 },
  { amountMinor: 4_200, currency: 'JPY', booked: 4_200 },
  { amountMinor: 4_200, currency: 'CLP', booked: 4_200 },
  { amountMinor: 42_000, currency: 'KWD', booked: 42_000 },
  { amountMinor: 42_001, currency: 'KWD', booked: null },
  { amountMinor: 4_200, currency: 'ISK', booked: 420_000 },
  { amountMinor: 4_200, currency: 'UGX', booked: 420_000 },
  { amountMinor: 42_005, currency: 'HUF', booked: 42_005 },
  { amountMinor: 4_205, currency: 'TWD', booked: 4_205 },
  { amountMinor: 420_000, currency: 'MGA', booked: 4_200 },
  { amountMinor: 420_001, currency: 'MGA', booked: null },
  { amountMinor: 4_200, currency: 'IQD', booked: null },
];

const sent: HttpRequest[] = [];

/** Notes what is sent, and loses answers between Stripe and here, where Stripe has stored them. */
class LossyHttpClient extends HttpClient {
  fault: ContractFault = 'none';

  constructor(
    private readonly http: HttpClient,
    private readonly faults: readonly ContractFault[],
  ) {
    super();
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    const fault = this.faults.includes(this.fault) ? this.fault : 'none';
    if (fault === 'refuse') throw new HttpTransportError('not_sent', 'connection_refused');
    if (fault === 'lose_request') throw new HttpTransportError('sent', 'connection_reset');
    sent.push(request);
    const response = await this.http.request(request);
    if (fault === 'lose_answer') throw new HttpTransportError('sent', 'connection_reset');
    if (fault === 'hang_after') await aborted(request.signal);
    return response;
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

const aborted = (signal: AbortSignal | undefined) =>
  new Promise<never>((_, reject) => {
    const fail = () => reject(new HttpTransportError('sent', 'aborted'));
    if (signal?.aborted) fail();
    signal?.addEventListener('abort', fail);
  });

type WireCharge = Omit<BookedCharge, 'amountCaptured' | 'amountRefunded'> & {
  amount_captured: number;
  amount_refunded: number;
};

async function startSimulated(): Promise<ProcessorUnderTest> {
  const clock = new VirtualClock();
  const authorizationValidForMs = AUTHORIZATION_VALID_FOR_MS;
  const sandbox = await startSandbox({
    ...{ port: 0, host: '127.0.0.1', clock, authorizationValidForMs },
    stripe: {},
  });
  const wire = new UndiciHttpClient();
  // A 500 is stored like any other answer here, so what is lost is lost on the way.
  const http = new LossyHttpClient(wire, ['lose_answer']);
  const control = `${sandbox.url}/processors/stripe`;
  const baseUrl = sandbox.processors.find(({ name }) => name === 'stripe')?.url;
  const account = { name: 'stripe', secretKey: 'sk_test_contract', baseUrl };
  const modes: Partial<Record<ContractFault, string>> = {
    refuse: 'refuse',
    lose_request: 'error_500_before',
    hang_after: 'timeout_after',
  };
  return {
    processor: createStripeProcessor({ ...account, returnUrl: 'https://shop.example/back' }, http),
    tokens: TOKENS,
    cards: {
      good: new Card({ number: GOOD_NUMBER, ...VALID }),
      refused: new Card({ number: WRONG_NUMBER, ...VALID }),
    },
    amounts: AMOUNTS,
    digitsOf: (currency) => DIGITS[currency] ?? minorUnits(currency) ?? NaN,
    looksUpByReferenceOnly: true,
    refundsFailAfterSuccess: true,
    async act(url, outcome) {
      const { status, headers } = await wire.request({
        method: 'GET',
        url: `${url}?outcome=${outcome}`,
      });
      // Whoever comes too late is told so on the page, and led nowhere.
      const back = [302, 'https://shop.example'];
      const late = [200, undefined];
      const led = headers.location && new URL(headers.location).origin;
      expect([back, late]).toContainEqual([status, led]);
    },
    async charges(orderKey) {
      const url = `${control}/books?merchant_reference=${orderKey}`;
      const { body } = await wire.request({ method: 'GET', url });
      const { charges } = JSON.parse(body) as { charges: WireCharge[] };
      return charges.map(({ amount_captured, amount_refunded, ...charge }) => ({
        ...charge,
        amountCaptured: amount_captured,
        amountRefunded: amount_refunded,
      }));
    },
    async break(fault) {
      http.fault = fault;
      const body = JSON.stringify({ mode: modes[fault] ?? 'none' });
      const { status } = await wire.request({ method: 'PUT', url: `${control}/faults`, body });
      if (status !== 200) throw new Error(`the sandbox refused the fault: ${status}`);
    },
    letPass(what) {
      clock.moveTo(clock.monotonicMs() + LASTS_MS[what]);
      return Promise.resolve();
    },
    listed: () => Promise.resolve({ fromMs: clock.now() - 3_600_000, toMs: clock.now() + 1_000 }),
    async stop() {
      await http.close();
      await sandbox.stop();
    },
  };
}

describeProcessor('stripe, simulated', startSimulated);

describe('every request to Stripe', () => {
  const stripe = openStripeDocument();

  it.skipIf(!stripe)('agrees with what Stripe documents', () => {
    if (!stripe) return;
    const paths = new Set(sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`));
    expect(paths.size).toBeGreaterThan(20);
    expect(sent.flatMap((request) => disagreements(stripe, request))).toEqual([]);
  });

  it.skipIf(!stripe)('is caught when it does not', () => {
    if (!stripe) return;
    const post = (path: string, body: string) =>
      disagreements(stripe, { method: 'POST', url: `https://x.example${path}`, body });
    expect(post('/v1/payment_intents', 'amount=12&currency=eur')).toEqual([]);
    expect(post('/v1/payment_intents', 'amount=1.2&currency=eur')).toHaveLength(1);
    expect(post('/v1/payment_intents', 'amount=12')).toHaveLength(1);
    expect(post('/v1/payment_intents', 'amount=12&currency=eur&capture_method=never')).toHaveLength(
      1,
    );
    expect(post('/v1/payment_intents/pi_1/confirm', 'expand=latest_charge')).toHaveLength(1);
    expect(post('/v1/nothing', '')).toHaveLength(1);
  });
});

/** The same contract against Stripe itself, in its test environment: `STRIPE_SECRET_KEY=sk_test_…`. */
const { STRIPE_SECRET_KEY: secretKey } = process.env;
if (secretKey !== undefined && !secretKey.startsWith('sk_test_')) {
  throw new Error('STRIPE_SECRET_KEY has to be a test key: sk_test_…');
}

function startReal(testKey: string): ProcessorUnderTest {
  const wire = new UndiciHttpClient({ connectTimeoutMs: 5_000 });
  const http = new LossyHttpClient(wire, [
    ...(['refuse', 'lose_request', 'lose_answer', 'hang_after'] as const),
  ]);
  const account = { name: 'stripe', secretKey: testKey };
  const get = async (path: string) => {
    const { body } = await wire.request({
      method: 'GET',
      url: `https://api.stripe.com${path}`,
      headers: { authorization: `Bearer ${testKey}`, 'stripe-version': '2026-10-28.endive' },
    });
    return JSON.parse(body) as { data: WireIntent[] };
  };
  return {
    processor: createStripeProcessor({ ...account, returnUrl: 'https://shop.example/back' }, http),
    tokens: TOKENS,
    digitsOf: (currency) => DIGITS[currency] ?? minorUnits(currency) ?? NaN,
    amounts: AMOUNTS.filter(({ currency }) => currency !== 'CLP'),
    looksUpByReferenceOnly: true,
    refundsFailAfterSuccess: true,
    cannotLetPass: ['authorization', 'refund_settlement'],
    orderPrefix: `run${Date.now().toString(36)}`,
    async charges(orderKey) {
      const { data } = await get(
        '/v1/payment_intents?limit=100&expand[]=data.latest_charge.refunds',
      );
      return data.filter(({ metadata }) => metadata.attempt_key === orderKey).flatMap(bookedOf);
    },
    break(fault) {
      http.fault = fault;
      return Promise.resolve();
    },
    letPass: () => Promise.reject(new Error('time cannot be moved there')),
    listed: () => Promise.resolve({ fromMs: Date.now() - 3_600_000, toMs: Date.now() + 60_000 }),
    stop: () => http.close(),
  };
}

interface WireIntent {
  id: string;
  status: string;
  amount: number;
  amount_received: number;
  currency: string;
  metadata: Record<string, string | undefined>;
  latest_charge: null | {
    status: string;
    refunds: { data: { id: string; amount: number; status: 'pending' | 'succeeded' | 'failed' }[] };
  };
}

function bookedOf(intent: WireIntent): BookedCharge[] {
  if (intent.latest_charge?.status !== 'succeeded') return [];
  // A hold that is let go is shown as a refund; it is none.
  const refunds = intent.amount_received === 0 ? [] : intent.latest_charge.refunds.data;
  const returned = refunds
    .filter(({ status }) => status === 'succeeded')
    .reduce((sum, { amount }) => sum + amount, 0);
  const taken = returned === intent.amount_received ? 'refunded' : 'captured';
  const states = { requires_capture: 'authorized', canceled: 'voided', succeeded: taken } as const;
  return [
    {
      reference: intent.id,
      amount: intent.amount,
      currency: intent.currency.toUpperCase(),
      state: states[intent.status as keyof typeof states],
      amountCaptured: intent.amount_received,
      amountRefunded: returned,
      refunds: refunds.map(({ id, amount, status }) => ({ reference: id, amount, status })),
    },
  ];
}

if (secretKey !== undefined) {
  describeProcessor('stripe, its test environment', () => Promise.resolve(startReal(secretKey)));
}

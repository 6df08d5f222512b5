import { describe, expect, it } from 'vitest';
import { HttpTransportError, type HttpRequest } from '#platform';
import { Card } from '../card.js';
import type { AttemptOrder, Processor } from '../processor.port.js';
import { createAdyenProcessor, type AdyenAccount } from './index.js';

const account: AdyenAccount = {
  name: 'adyen',
  apiKey: 'a-key',
  merchantAccount: 'BursarECOM',
  baseUrl: 'https://checkout-test.adyen.com/v71/',
  returnUrl: 'https://bursar.example/return',
};
const order: AttemptOrder = {
  key: 'k'.repeat(40),
  amountMinor: 4_200,
  currency: 'EUR',
  paymentMethod: 'shopper.CARD1',
};
const held = { ...order, reference: 'PSP1' };
const refunded = { ...held, refund: { key: 'r'.repeat(40) } };
const never = new AbortController().signal;

/** What the connector sends, while nobody answers. */
async function sentBy(call: (processor: Processor) => Promise<unknown>): Promise<HttpRequest[]> {
  const requests: HttpRequest[] = [];
  const processor = createAdyenProcessor(account, {
    request: (request) => {
      requests.push(request);
      return Promise.reject(new HttpTransportError('sent', 'connection_reset'));
    },
    close: () => Promise.resolve(),
  });
  await call(processor).catch(() => undefined);
  return requests;
}

const bodyOf = ({ body }: HttpRequest) => JSON.parse(body ?? '') as Record<string, unknown>;

describe('the Adyen connector', () => {
  const CALLS = [
    ['authorize', '/payments', order],
    ['capture', '/payments/PSP1/captures', held],
    ['void', '/payments/PSP1/cancels', held],
    ['void', '/cancels', order],
    ['refund', '/payments/PSP1/refunds', refunded],
  ] as const;

  it.each(CALLS)(
    'sends one request to %s, at %s, with the key and our reference',
    async (...call) => {
      const [operation, path, asked] = call;
      const [request, ...others] = await sentBy((processor) => processor[operation](asked, never));
      expect(others).toEqual([]);
      if (!request) throw new Error('nothing was sent');
      expect(request.url).toBe(`https://checkout-test.adyen.com/v71${path}`);
      expect(request.headers).toMatchObject({ 'x-api-key': 'a-key' });
      const expected = operation === 'refund' ? refunded.refund.key : order.key;
      expect(bodyOf(request)).toMatchObject({ merchantAccount: 'BursarECOM', reference: expected });
    },
  );

  it('has a key of at most 64 characters for each operation, always the same one', async () => {
    const keys = [];
    for (const [operation, , asked] of CALLS) {
      for (let time = 0; time < 2; time += 1) {
        const [request] = await sentBy((processor) => processor[operation](asked, never));
        keys.push(request?.headers?.['idempotency-key'] ?? '');
      }
    }
    expect(new Set(keys).size).toBe(CALLS.length);
    for (const key of keys) expect(key).toMatch(/^[\x21-\x7e]{41,64}$/);
  });

  it('holds, and leaves the capture to whoever asks for it', async () => {
    const [request] = await sentBy((processor) => processor.authorize(order, never));
    expect(bodyOf(request as HttpRequest)).toMatchObject({
      amount: { value: 4_200, currency: 'EUR' },
      additionalData: { manualCapture: 'true' },
      paymentMethod: { type: 'scheme', storedPaymentMethodId: 'CARD1' },
      shopperReference: 'shopper',
    });
  });

  it.each([
    ['a currency nobody vouches for', { currency: 'MGA' }, 'currency_unsupported'],
    [
      'an amount that would be rounded',
      { currency: 'IDR', amountMinor: 1 },
      'amount_not_representable',
    ],
  ])('sends nothing for %s', async (_, changes, evidence) => {
    let outcome: unknown;
    const requests = await sentBy(async (processor) => {
      outcome = await processor.authorize({ ...order, ...changes }, never);
    });
    expect(requests).toEqual([]);
    expect(outcome).toEqual({ kind: 'not_executed', evidence });
  });

  it.each([
    ['it did not make', 'pm_sandbox_visa'],
    ['that is an address', 'shopper./../x'],
    ['without a shopper', '.CARD1'],
  ])('sends nothing for a token %s, which another processor may know', async (_, paymentMethod) => {
    let outcome: unknown;
    const requests = await sentBy(async (processor) => {
      outcome = await processor.authorize({ ...order, paymentMethod }, never);
    });
    expect(requests).toEqual([]);
    expect(outcome).toEqual({
      kind: 'declined',
      category: 'soft',
      code: 'unknown_payment_method',
    });
  });

  it.each([undefined, order.key, '../../cancels', ''])(
    'takes and gives back nothing of a payment that Adyen has no name for: %j',
    async (reference) => {
      const outcomes: unknown[] = [];
      const requests = await sentBy(async (processor) => {
        outcomes.push(await processor.capture({ ...order, reference }, never));
        outcomes.push(await processor.refund({ ...refunded, reference }, never));
      });
      expect(requests).toEqual([]);
      const unsent = { kind: 'not_executed', evidence: 'reference_missing' };
      expect(outcomes).toEqual([unsent, unsent]);
    },
  );

  it('cannot look anything up, and has no fence', async () => {
    const requests = await sentBy(async (processor) => {
      expect(processor.capabilities).toMatchObject({ lookUp: false, fence: false });
      expect((await processor.lookUp(held, never)).state).toBe('unproven');
      expect((await processor.lookUpRefund(refunded, never)).kind).toBe('unknown');
      expect((await processor.fence(held, never)).kind).toBe('unknown');
      expect((await processor.prepare(order, never)).kind).toBe('not_executed');
    });
    expect(requests).toEqual([]);
  });

  it('stores a card under the same shopper for the same key, whatever the key is', async () => {
    const card = new Card({ number: '4111111111111111', expMonth: 3, expYear: 2030, cvc: '737' });
    const shoppers = [];
    for (const key of ['pm_1', 'pm_1', 'pm_2', 'ab', 'x/'.repeat(100), 'x/'.repeat(100)]) {
      const [request] = await sentBy((processor) => processor.provision(card, key, never));
      const { paymentMethod, shopperReference } = bodyOf(request as HttpRequest);
      expect(paymentMethod).toEqual({
        type: 'scheme',
        number: '4111111111111111',
        expiryMonth: '03',
        expiryYear: '2030',
        cvc: '737',
      });
      expect(shopperReference).toMatch(/^[\w-]{3,58}$/);
      expect(request?.headers?.['idempotency-key']).toBe(`${String(shopperReference)}.store`);
      shoppers.push(shopperReference);
    }
    expect(shoppers.slice(0, 3)).toEqual(['pm_1', 'pm_1', 'pm_2']);
    expect(shoppers[4]).toBe(shoppers[5]);
    expect(new Set(shoppers).size).toBe(4);
  });

  it('pings with what moves nothing, and takes a 5xx for no answer', async () => {
    const ping = (status: number) =>
      createAdyenProcessor(account, {
        request: ({ method }) => Promise.resolve({ status, headers: {}, body: method }),
        close: () => Promise.resolve(),
      }).ping(never);
    await expect(ping(200)).resolves.toBeUndefined();
    await expect(ping(401)).resolves.toBeUndefined();
    await expect(ping(503)).rejects.toThrow('503');
    const [request] = await sentBy((processor) => processor.ping(never));
    expect(request?.method).toBe('GET');
  });

  it.each([
    { name: '' },
    { apiKey: '' },
    { apiKey: 'a\nkey' },
    { merchantAccount: '' },
    { baseUrl: 'checkout-test.adyen.com' },
    { baseUrl: 'ftp://checkout-test.adyen.com/v71' },
    { baseUrl: 'https://checkout-test.adyen.com/v71?x=y' },
    { baseUrl: 'https://user@checkout-test.adyen.com/v71' },
    { returnUrl: '' },
  ])('is not made for an account that cannot be one: %j', (changes) => {
    const http = { request: () => Promise.reject(new Error()), close: () => Promise.resolve() };
    expect(() => createAdyenProcessor({ ...account, ...changes }, http)).toThrow('no usable');
  });
});

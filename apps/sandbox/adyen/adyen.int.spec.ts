import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { UndiciHttpClient } from '#platform/undici';
import { startSandbox, type Sandbox } from '../sandbox.js';
import { adyenDecimals } from './adyen.currencies.js';
import { postOverHttp } from './webhook.post.js';

interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

interface Item {
  eventCode: string;
  success: string;
  pspReference: string;
  originalReference?: string;
  merchantReference: string;
  merchantAccountCode: string;
  amount: { value: number; currency: string };
  reason: string;
  additionalData: { hmacSignature: string };
}

/** Tells how many timers were set, so that a test can wait for one. */
class CountedTimers extends VirtualTimers {
  set = 0;

  override after(delayMs: number, fire: () => void): () => void {
    this.set += 1;
    return super.after(delayMs, fire);
  }
}

const MERCHANT_ACCOUNT = 'BursarECOM';
const HMAC_KEY = 'ab'.repeat(32);

let sandbox: Sandbox;
let http: UndiciHttpClient;
let timers: CountedTimers;
/** Bodies of webhooks in the order in which they came, and whether they are taken. */
let bodies: string[];
let taken: boolean;
let keys = 0;

beforeEach(async () => {
  const clock = new VirtualClock();
  timers = new CountedTimers(clock);
  bodies = [];
  taken = true;
  http = new UndiciHttpClient();
  sandbox = await startSandbox({
    port: 0,
    host: '127.0.0.1',
    clock,
    timers,
    authorizationValidForMs: 60_000,
    adyen: {
      apiKey: 'a-key',
      merchantAccount: MERCHANT_ACCOUNT,
      webhooks: { url: 'https://bursar.example', hmacKey: HMAC_KEY },
      post: (_url, body) => {
        bodies.push(body);
        return Promise.resolve(taken);
      },
    },
  });
});
afterEach(async () => {
  await http.close();
  await sandbox.stop();
});

const base = () => `${sandbox.doubles[0]?.url}`;
const control = (part: string) => `${sandbox.url}/processors/adyen/${part}`;

async function request(
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const reply = await http.request({ method, url, headers, body: text });
  return { ...reply, body: JSON.parse(reply.body) as Record<string, unknown> };
}

interface PostOptions {
  key?: string | null;
  apiKey?: string;
  root?: string;
}

function post(path: string, body: unknown, options: PostOptions = {}): Promise<Reply> {
  const { key = `key-${(keys += 1)}`, apiKey = 'a-key', root = '/v71' } = options;
  return request('POST', `${base()}${root}${path}`, body, {
    'x-api-key': apiKey,
    ...(key !== null && { 'idempotency-key': key }),
  });
}

const newPayment = (card = 'SANDBOX_VISA', changes: object = {}) => ({
  merchantAccount: MERCHANT_ACCOUNT,
  amount: { value: 4_200, currency: 'EUR' },
  reference: `order-${(keys += 1)}`,
  paymentMethod: { type: 'scheme', storedPaymentMethodId: card },
  shopperReference: 'shopper',
  shopperInteraction: 'ContAuth',
  recurringProcessingModel: 'UnscheduledCardOnFile',
  additionalData: { manualCapture: 'true' },
  returnUrl: 'https://bursar.example/return',
  ...changes,
});

async function authorized(card?: string, changes?: object): Promise<string> {
  const { body } = await post('/payments', newPayment(card, changes));
  return String(body.pspReference);
}

const modify = (path: string, changes: object = {}, options?: PostOptions) =>
  post(path, { merchantAccount: MERCHANT_ACCOUNT, ...changes }, options);
const amount = (value = 4_200) => ({ amount: { value, currency: 'EUR' } });

const items = () =>
  bodies.flatMap((body) => {
    const { notificationItems } = JSON.parse(body) as {
      notificationItems: { NotificationRequestItem: Item }[];
    };
    return notificationItems.map((each) => each.NotificationRequestItem);
  });
const events = () => items().map(({ eventCode, success }) => `${eventCode} ${success}`);

async function books(): Promise<Record<string, unknown>[]> {
  const { body } = await request('GET', control('books'));
  return body.charges as Record<string, unknown>[];
}

const switched = (switches: object) => request('PUT', control('switches'), switches);

describe('the double of Adyen', () => {
  it('has books and faults like the others, and is no processor of the sandbox', async () => {
    const { body } = await request('GET', `${sandbox.url}/processors`);
    expect((body.processors as { name: string }[]).map(({ name }) => name)).toEqual([
      'sandbox_a',
      'sandbox_b',
    ]);
    expect((await request('GET', control('faults'))).body).toMatchObject({ mode: 'none' });
    await authorized();
    expect(await books()).toMatchObject([{ amount: 4_200, currency: 'EUR', state: 'authorized' }]);
    expect((await request('GET', `${sandbox.url}/processors/sandbox_a/switches`)).status).toBe(404);
  });

  it('is not there when nobody asked for it', async () => {
    const plain = await startSandbox({ port: 0, host: '127.0.0.1' });
    expect(plain.doubles).toEqual([]);
    expect((await request('GET', `${plain.url}/processors/adyen/books`)).status).toBe(404);
    await plain.stop();
  });

  it('answers a payment with what it was, and under its own name', async () => {
    const payment = newPayment();
    const { status, headers, body } = await post('/payments', payment, { key: 'once' });
    expect([status, headers['idempotency-key']]).toEqual([200, 'once']);
    expect(body).toEqual({
      pspReference: expect.stringMatching(/^[0-9A-F]{16}$/) as string,
      resultCode: 'Authorised',
      amount: payment.amount,
      merchantReference: payment.reference,
    });
  });

  it.each([
    ['SANDBOX_BALANCE', 'Refused', '12'],
    ['SANDBOX_STOLEN', 'Refused', '5'],
    ['SANDBOX_REFUSED', 'Refused', '2'],
    ['SANDBOX_FRAUD', 'Cancelled', '22'],
    ['SANDBOX_ERROR', 'Error', '4'],
  ])('refuses %s with %s %s, and tells so', async (card, resultCode, refusalReasonCode) => {
    const { status, body } = await post('/payments', newPayment(card));
    expect([status, body.resultCode, body.refusalReasonCode]).toEqual([
      ...[200, resultCode, refusalReasonCode],
    ]);
    expect(await books()).toEqual([]);
    await timers.advance(1_000);
    expect(events()).toEqual(['AUTHORISATION false']);
  });

  it('holds a redirected payment only when the buyer has come by', async () => {
    const { body } = await post('/payments', newPayment('SANDBOX_REDIRECT'));
    expect(body).toMatchObject({ resultCode: 'RedirectShopper' });
    expect(await books()).toEqual([]);
    const { url } = body.action as { url: string };
    for (let time = 0; time < 2; time += 1)
      expect((await request('GET', url)).body).toEqual({ resultCode: 'Authorised' });
    expect(await books()).toMatchObject([{ state: 'authorized' }]);
    await timers.advance(1_000);
    expect(events()).toEqual(['AUTHORISATION true']);
  });

  it('decides a pending payment later, and tells so', async () => {
    const { body } = await post('/payments', newPayment('SANDBOX_PENDING'));
    expect(body.resultCode).toBe('Pending');
    expect(await books()).toEqual([]);
    await timers.advance(1_000);
    expect(await books()).toMatchObject([{ state: 'authorized' }]);
    expect(events()).toEqual(['AUTHORISATION true']);
  });

  it('captures by itself what nobody wanted to capture', async () => {
    await authorized('SANDBOX_VISA', { additionalData: {} });
    await timers.advance(1_000);
    expect(await books()).toMatchObject([{ state: 'captured', amount_captured: 4_200 }]);
  });

  it('tells the score of its fraud screen for some cards', async () => {
    const { body } = await post('/payments', newPayment('SANDBOX_REVIEW'));
    expect(body).toMatchObject({ resultCode: 'Authorised', fraudResult: { accountScore: 60 } });
  });

  it.each([
    ['no API key', {}, { apiKey: '' }, 401, '000'],
    ['another merchant account', { merchantAccount: 'Other' }, {}, 403, '901'],
    ['a field nobody knows', { colour: 'red' }, {}, 400, '702'],
    ['no address to return to', { returnUrl: undefined }, {}, 422, '14_030'],
    ['no reference', { reference: '' }, {}, 422, '130'],
    ['a reference that is too long', { reference: 'x'.repeat(81) }, {}, 422, '131'],
    ['no amount', { amount: { value: 0, currency: 'EUR' } }, {}, 422, '137'],
    ['a currency it does not take', { amount: { value: 1, currency: 'MGA' } }, {}, 422, '138'],
    ['a card nobody stored', newPayment('NOBODYS'), {}, 422, '803'],
    ['a key that is too long', {}, { key: 'k'.repeat(65) }, 422, '702'],
  ])('refuses a payment with %s', async (_, changes, options, status, errorCode) => {
    const reply = await post('/payments', newPayment('SANDBOX_VISA', changes), options);
    expect([reply.status, reply.body.status, reply.body.errorCode]).toEqual([
      ...[status, status, errorCode],
    ]);
    expect(await books()).toEqual([]);
  });

  it('knows no other routes', async () => {
    for (const path of ['/sessions', '/payments/X/amountUpdates', '/payments/X/captures/Y'])
      expect((await post(path, {})).status).toBe(404);
    expect((await post('/payments', newPayment(), { root: '/v70' })).status).toBe(404);
    expect((await modify('/payments/NOBODYS/captures', amount())).body.errorCode).toBe('167');
  });

  it('stores cards, not their numbers, and the same key stores the same one', async () => {
    const card = {
      type: 'scheme',
      number: '4111111111111111',
      expiryMonth: '03',
      expiryYear: '2030',
    };
    const store = (changes: object, key?: string) =>
      modify(
        '/storedPaymentMethods',
        {
          shopperReference: 'buyer',
          recurringProcessingModel: 'UnscheduledCardOnFile',
          paymentMethod: { ...card, ...changes },
        },
        { key },
      );
    const { status, body } = await store({ cvc: '737' }, 'card');
    expect([status, body.lastFour]).toEqual([201, '1111']);
    expect((await store({}, 'card')).body).toEqual(body);
    expect(JSON.stringify(body)).not.toContain(card.number);
    const listed = await request(
      'GET',
      `${base()}/v71/storedPaymentMethods?shopperReference=buyer`,
      undefined,
      {
        'x-api-key': 'a-key',
      },
    );
    expect(listed.body.storedPaymentMethods).toEqual([body]);
    const stolen = await store({ number: '4000000000009979' });
    const pay = (id: unknown, shopperReference = 'buyer') =>
      post('/payments', newPayment(String(id), { shopperReference }));
    expect((await pay(body.id)).body.resultCode).toBe('Authorised');
    expect((await pay(stolen.body.id)).body.refusalReasonCode).toBe('5');
    expect((await pay(body.id, 'other')).body.errorCode).toBe('803');
    expect((await store({ number: '4111111111111112' })).body.errorCode).toBe('101');
    expect((await store({ expiryMonth: '13' })).body.errorCode).toBe('129');
  });

  it('has a number of decimals of its own for every currency', () => {
    const odd = ['CLP', 'CVE', 'IDR', 'ISK', 'UGX', 'KWD', 'MGA'].map(adyenDecimals);
    expect(odd).toEqual([2, 0, 0, 2, 0, 3, undefined]);
  });
});

describe('modifications', () => {
  it('are received first, carried out later, and told then', async () => {
    const payment = await authorized();
    const capture = await modify(`/payments/${payment}/captures`, { ...amount(), reference: 'c' });
    expect([capture.status, capture.body]).toEqual([
      201,
      {
        merchantAccount: MERCHANT_ACCOUNT,
        paymentPspReference: payment,
        pspReference: expect.any(String) as string,
        reference: 'c',
        status: 'received',
        ...amount(),
      },
    ]);
    await timers.advance(499);
    expect(await books()).toMatchObject([{ state: 'authorized' }]);
    await timers.advance(1);
    expect(await books()).toMatchObject([{ state: 'captured' }]);
    expect(events()).toEqual(['AUTHORISATION true']);
    await timers.advance(100);
    expect(items()[1]).toMatchObject({
      eventCode: 'CAPTURE',
      success: 'true',
      pspReference: capture.body.pspReference,
      originalReference: payment,
      merchantReference: 'c',
      ...amount(),
    });
  });

  it('that cannot be carried out are received, too, and fail', async () => {
    const payment = await authorized();
    await modify(`/payments/${payment}/refunds`, amount(1));
    await modify(`/payments/${payment}/captures`, amount(4_201));
    await modify(`/payments/${payment}/captures`, { amount: { value: 1, currency: 'USD' } });
    await timers.advance(1_000);
    await modify(`/payments/${payment}/captures`, amount(1_000));
    await timers.advance(1_000);
    await modify(`/payments/${payment}/captures`, amount(3_200));
    await modify(`/payments/${payment}/cancels`);
    await modify(`/payments/${payment}/refunds`, amount(1_001));
    await timers.advance(1_000);
    expect(events()).toEqual([
      'AUTHORISATION true',
      'REFUND false',
      'CAPTURE false',
      'CAPTURE false',
      'CAPTURE true',
      'CAPTURE false',
      'CANCELLATION false',
      'REFUND false',
    ]);
    expect(await books()).toMatchObject([{ state: 'captured', amount_captured: 1_000 }]);
  });

  it('cancel what has arrived under a reference, and not what arrives later', async () => {
    const cancel = { paymentReference: 'mine', reference: 'mine' };
    await modify('/cancels', cancel);
    await timers.advance(1_000);
    await authorized('SANDBOX_VISA', { reference: 'mine' });
    expect(await books()).toMatchObject([{ state: 'authorized' }]);
    await modify('/cancels', cancel);
    await timers.advance(1_000);
    expect(await books()).toMatchObject([{ state: 'voided' }]);
    expect(events()).toEqual([
      'TECHNICAL_CANCEL false',
      'AUTHORISATION true',
      'TECHNICAL_CANCEL true',
    ]);
  });

  it('expire with the hold', async () => {
    await authorized();
    const taking = await authorized();
    await modify(`/payments/${taking}/captures`, amount());
    await timers.advance(61_000);
    expect((await books()).map(({ state }) => state)).toEqual(['voided', 'captured']);
    expect(events().slice(2)).toEqual(['CAPTURE true', 'EXPIRE true']);
  });

  it('give back what was taken, or fail when the card scheme says so', async () => {
    for (const card of ['SANDBOX_VISA', 'SANDBOX_REFUND_REFUSED', 'SANDBOX_REFUND_FAILS']) {
      const payment = await authorized(card);
      await modify(`/payments/${payment}/captures`, amount());
      await timers.advance(1_000);
      bodies = [];
      await modify(`/payments/${payment}/refunds`, amount());
      await timers.advance(10_000);
      const told: Record<string, string[]> = {
        SANDBOX_VISA: ['REFUND true'],
        SANDBOX_REFUND_REFUSED: ['REFUND false'],
        SANDBOX_REFUND_FAILS: ['REFUND true', 'REFUND_FAILED true'],
      };
      expect(events()).toEqual(told[card]);
    }
    expect((await books()).map(({ amount_refunded }) => amount_refunded)).toEqual([4_200, 0, 0]);
  });
});

describe('idempotency', () => {
  it('answers the same key as before, byte by byte, whatever is asked for', async () => {
    const first = await post('/payments', newPayment(), { key: 'same' });
    expect(await post('/payments', newPayment(), { key: 'same' })).toMatchObject(first);
    expect(await post('/payments', newPayment('SANDBOX_STOLEN'), { key: 'same' })).toMatchObject({
      body: first.body,
    });
    expect(await books()).toHaveLength(1);
  });

  it('answers a refusal as before, and leaves the key of an error unused', async () => {
    const refused = await post('/payments', newPayment('SANDBOX_STOLEN'), { key: 'no' });
    expect((await post('/payments', newPayment(), { key: 'no' })).body).toEqual(refused.body);
    await post('/payments', newPayment('SANDBOX_VISA', { reference: '' }), { key: 'error' });
    expect((await post('/payments', newPayment(), { key: 'error' })).status).toBe(200);
  });

  it('charges again without a key, and in another region, which knows the key of none', async () => {
    const payment = newPayment();
    await post('/payments', payment, { key: 'k' });
    await post('/payments', payment, { key: 'k', root: '/us/v71' });
    await post('/payments', payment, { key: 'k', root: '/us/v71' });
    for (let time = 0; time < 2; time += 1) await post('/payments', payment, { key: null });
    expect(await books()).toHaveLength(4);
  });

  it('refuses the same key while the first request runs: 422 or 409 with code 704', async () => {
    const payment = await authorized();
    await request('PUT', control('faults'), { mode: 'slow', latency_ms: 700 });
    const running = [
      ['/payments', newPayment(), 422],
      [`/payments/${payment}/captures`, { merchantAccount: MERCHANT_ACCOUNT, ...amount() }, 409],
    ] as const;
    for (const [path, body, status] of running) {
      const before = timers.set;
      const first = post(path, body, { key: path });
      await expect.poll(() => timers.set).toBeGreaterThan(before);
      const second = post(path, body, { key: path });
      await expect.poll(() => timers.set).toBeGreaterThan(before + 1);
      await timers.advance(700);
      expect([(await first).status < 300, (await second).status]).toEqual([true, status]);
      expect((await second).body.errorCode).toBe('704');
      expect((await second).headers['transient-error']).toBe('true');
    }
  });

  it('executes nothing that has a key while the store of keys is down', async () => {
    await switched({ key_store_down: true });
    const down = await post('/payments', newPayment());
    expect([down.status, down.body.errorCode]).toEqual([503, '703']);
    expect(await books()).toEqual([]);
    expect((await post('/payments', newPayment(), { key: null })).status).toBe(200);
    await switched({});
    expect((await post('/payments', newPayment())).status).toBe(200);
  });
});

describe('webhooks', () => {
  it('are signed over eight fields', async () => {
    const payment = await authorized('SANDBOX_VISA', { reference: 'mine' });
    await timers.advance(1_000);
    const [item] = items();
    const signed = `${payment}::${MERCHANT_ACCOUNT}:mine:4200:EUR:AUTHORISATION:true`;
    expect(item?.additionalData.hmacSignature).toBe(
      createHmac('sha256', Buffer.from(HMAC_KEY, 'hex')).update(signed).digest('base64'),
    );
  });

  it('come again, the same ones, when they are switched to', async () => {
    expect((await switched({ webhooks_repeated: 2 })).body).toMatchObject({ webhooks_repeated: 2 });
    await authorized();
    await timers.advance(1_000);
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies).size).toBe(1);
  });

  it('come in the wrong order when they are switched to', async () => {
    await switched({ webhooks_reversed: true });
    const payments = [await authorized(), await authorized(), await authorized()];
    await timers.advance(1_000);
    expect(items().map(({ pspReference }) => pspReference)).toEqual(payments.reverse());
  });

  it('wait while they are switched to, and come when that is over', async () => {
    await switched({ webhooks_held: true });
    const payments = [await authorized(), await authorized()];
    await timers.advance(60_000);
    expect(bodies).toEqual([]);
    await switched({});
    expect(items().map(({ pspReference }) => pspReference)).toEqual(payments);
  });

  it('do not come at all when they are switched to', async () => {
    await switched({ webhooks_lost: true });
    await authorized();
    await timers.advance(1_000);
    expect(bodies).toEqual([]);
  });

  it('come again until they are taken, ever more slowly', async () => {
    taken = false;
    await authorized('SANDBOX_STOLEN');
    await timers.advance(100);
    expect(bodies).toHaveLength(3);
    await timers.advance(2 * 60_000);
    expect(bodies).toHaveLength(4);
    taken = true;
    await timers.advance(24 * 3_600_000);
    expect(bodies).toHaveLength(5);
  });

  it.each([
    { webhooks_repeated: 11 },
    { webhooks_repeated: -1 },
    { webhooks_repeated: '2' },
    { webhooks_lost: 'yes' },
    { colour: 'red' },
  ])('are not switched to %j', async (switches) => {
    expect((await switched(switches)).status).toBe(400);
  });

  it('go over HTTP, and are taken when the answer is 2xx', async () => {
    const received: string[] = [];
    const receiver = createServer((incoming, response) => {
      incoming.setEncoding('utf8');
      incoming.on('data', (text: string) => received.push(text));
      incoming.on('end', () => response.writeHead(Number(incoming.url?.slice(1))).end());
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    expect(await postOverHttp(`${url}/202`, 'one', {})).toBe(true);
    expect(await postOverHttp(`${url}/500`, 'two', {})).toBe(false);
    receiver.close();
    receiver.closeAllConnections();
    await once(receiver, 'close');
    expect(await postOverHttp(`${url}/200`, 'three', {})).toBe(false);
    expect(received).toEqual(['one', 'two']);
  });
});

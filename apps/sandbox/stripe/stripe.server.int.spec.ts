import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpRequest } from '#platform';
import { VirtualClock } from '#platform/memory';
import { UndiciHttpClient } from '#platform/undici';
import { startSandbox, type Sandbox } from '../sandbox.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

interface Wire extends Record<string, unknown> {
  id: string;
  status: string;
  error: Record<string, unknown>;
}

describe('the simulated Stripe', () => {
  let clock: VirtualClock;
  let sandbox: Sandbox;
  let http: UndiciHttpClient;
  let keys = 0;

  beforeAll(async () => {
    clock = new VirtualClock();
    sandbox = await startSandbox({ port: 0, host: '127.0.0.1', clock, stripe: {} });
    http = new UndiciHttpClient();
  });
  afterAll(async () => {
    await http.close();
    await sandbox.stop();
  });

  const stripeUrl = () => sandbox.processors.find(({ name }) => name === 'stripe')?.url ?? '';

  async function ask(path: string, changes: Partial<HttpRequest> = {}) {
    const { status, headers, body } = await http.request({
      ...{ method: 'GET', url: `${stripeUrl()}${path}`, ...changes },
      headers: { authorization: 'Bearer sk_test_1', ...changes.headers },
    });
    return { status, headers, body, wire: (body ? JSON.parse(body) : {}) as Wire };
  }

  const post = (path: string, body: string, key?: string) =>
    ask(path, {
      ...{ method: 'POST', body },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });

  const newKey = () => `key-${(keys += 1)}`;
  const NEW = 'amount=4200&currency=eur&capture_method=manual&payment_method_types[0]=card';
  const create = async (method = 'pm_card_visa') =>
    (await post('/v1/payment_intents', `${NEW}&payment_method=${method}`)).wire.id;
  const confirm = (id: string, key?: string, body = '') =>
    post(`/v1/payment_intents/${id}/confirm`, body, key);

  async function faults(mode: string) {
    const url = `${sandbox.url}/processors/stripe/faults`;
    const body = JSON.stringify({ mode });
    expect((await http.request({ method: 'PUT', url, body })).status).toBe(200);
  }

  describe('keeps the answer under a key', () => {
    it('and replays it, marked as such', async () => {
      const [id, key] = [await create(), newKey()];
      const first = await confirm(id, key);
      const second = await confirm(id, key);
      expect([first.status, first.wire.status]).toEqual([200, 'requires_capture']);
      expect(second.body).toBe(first.body);
      expect(first.headers).not.toHaveProperty('idempotent-replayed');
      expect(second.headers['idempotent-replayed']).toBe('true');
    });

    it('also when it is a decline, or the refusal of a state', async () => {
      const declined = await create('pm_card_visa_chargeDeclined');
      const canceled = await create();
      await post(`/v1/payment_intents/${canceled}/cancel`, '');
      for (const [id, status] of [
        [declined, 402],
        [canceled, 400],
      ] as const) {
        const key = newKey();
        const first = await confirm(id, key);
        expect(first.status).toBe(status);
        expect((await confirm(id, key)).headers['idempotent-replayed']).toBe('true');
      }
    });

    it('also when it is a 500, although everything was done', async () => {
      const [id, key] = [await create(), newKey()];
      await faults('error_500_after');
      expect((await confirm(id, key)).status).toBe(500);
      await faults('none');
      const replayed = await confirm(id, key);
      expect([replayed.status, replayed.headers['idempotent-replayed']]).toEqual([500, 'true']);
      expect((await ask(`/v1/payment_intents/${id}`)).wire.status).toBe('requires_capture');
    });

    it('but not a replay that was lost on its way', async () => {
      const [id, key] = [await create(), newKey()];
      const first = await confirm(id, key);
      await faults('error_500_after');
      expect((await confirm(id, key)).status).toBe(500);
      await faults('none');
      expect((await confirm(id, key)).body).toBe(first.body);
    });

    it('but nothing that was not executed', async () => {
      const [id, key] = [await create(), newKey()];
      expect((await confirm(id, key, 'nonsense=1')).wire.error.code).toBe('parameter_unknown');
      await faults('error_500_before');
      expect((await confirm(id, key)).status).toBe(500);
      await faults('none');
      expect((await confirm(id, key)).wire.status).toBe('requires_capture');
    });

    it('for a day', async () => {
      const [id, key] = [await create(), newKey()];
      await confirm(id, key);
      clock.moveTo(clock.monotonicMs() + DAY_MS);
      expect((await confirm(id, key)).wire.error).toMatchObject({
        code: 'payment_intent_unexpected_state',
      });
    });
  });

  it('refuses a key that belongs to other parameters', async () => {
    const [id, key] = [await create(), newKey()];
    await confirm(id, key);
    const { status, wire } = await confirm(id, key, 'expand[0]=latest_charge');
    expect([status, wire.error.type]).toEqual([400, 'idempotency_error']);
  });

  it('refuses a key whose first request is still running', async () => {
    const held: (() => void)[] = [];
    const timers = { after: (_: number, fire: () => void) => (held.push(fire), () => {}) };
    const slow = await startSandbox({ port: 0, host: '127.0.0.1', timers, stripe: {} });
    const url = slow.processors.find(({ name }) => name === 'stripe')?.url;
    const create = () =>
      http.request({
        ...{ method: 'POST', url: `${url}/v1/payment_intents`, body: 'amount=50&currency=eur' },
        headers: { authorization: 'Bearer sk_test_1', 'idempotency-key': 'one-key' },
      });
    const body = JSON.stringify({ mode: 'slow', latency_ms: 1 });
    await http.request({ method: 'PUT', url: `${slow.url}/processors/stripe/faults`, body });
    const [first, second] = [create(), create()];
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(2);
    for (const fire of held) fire();
    const answers = await Promise.all([first, second]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.body).toContain('idempotency_key_in_use');
    await slow.stop();
  });

  it.each([
    ['', 'amount'],
    ['amount=0&currency=eur', 'amount'],
    ['amount=12.5&currency=eur', 'amount'],
    ['amount=1234567890123&currency=eur', 'amount'],
    ['amount=4200&currency=EUR', 'currency'],
    ['amount=10&currency=eur', 'amount'],
    ['amount=4201&currency=kwd', 'amount'],
    ['amount=4210&currency=isk', 'amount'],
    ['amount=4200&currency=eur&payment_method=pm_nobody', 'payment_method'],
    ['amount=4200&currency=eur&amuont=1', 'amuont'],
  ])('refuses a new intent of %j because of its %s', async (body, param) => {
    const { status, wire } = await post('/v1/payment_intents', body);
    expect([status, wire.error.type, wire.error.param]).toEqual([
      ...[400, 'invalid_request_error', param],
    ]);
  });

  it('shows the intent in every error about one', async () => {
    const id = await create('pm_card_visa_chargeDeclinedStolenCard');
    const { status, wire } = await confirm(id);
    expect(status).toBe(402);
    expect(wire.error).toMatchObject({
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'stolen_card',
      payment_intent: {
        id,
        status: 'requires_payment_method',
        payment_method: null,
        last_payment_error: { decline_code: 'stolen_card' },
      },
    });
  });

  it('confirms a declined intent with another payment method, and not without one', async () => {
    const id = await create('pm_card_visa_chargeDeclined');
    await confirm(id);
    expect((await confirm(id)).wire.error.code).toBe('payment_intent_unexpected_state');
    const again = await confirm(id, undefined, 'payment_method=pm_card_mastercard');
    expect(again.wire).toMatchObject({ status: 'requires_capture', last_payment_error: null });
  });

  it('captures at once where it is asked to', async () => {
    const body = 'amount=4200&currency=eur&payment_method=pm_card_visa';
    const { wire } = await post('/v1/payment_intents', body);
    expect((await confirm(wire.id)).wire).toMatchObject({
      ...{ status: 'succeeded', amount_received: 4_200, amount_capturable: 0 },
    });
  });

  it('shows the charge whole only to whoever asks for it', async () => {
    const id = await create('pm_card_riskLevelElevated');
    const { wire } = await confirm(id, undefined, 'expand[]=latest_charge');
    expect(wire.latest_charge).toMatchObject({
      ...{ object: 'charge', status: 'succeeded', captured: false, payment_intent: id },
      outcome: { risk_level: 'elevated', type: 'manual_review' },
    });
    const charge = (wire.latest_charge as Wire).id;
    expect((await ask(`/v1/payment_intents/${id}`)).wire.latest_charge).toBe(charge);
    expect((await ask(`/v1/charges/${charge}`)).wire.id).toBe(charge);
  });

  it('lists the refunds of a charge in pages, the newest first', async () => {
    const id = await create();
    await confirm(id);
    await post(`/v1/payment_intents/${id}/capture`, '');
    for (const amount of [1, 2, 3]) {
      await post('/v1/refunds', `payment_intent=${id}&amount=${amount}&metadata[n]=${amount}`);
    }
    const page = async (query: string) => {
      const { wire } = await ask(`/v1/refunds?payment_intent=${id}&limit=2${query}`);
      return wire as unknown as { data: { id: string; amount: number }[]; has_more: boolean };
    };
    const first = await page('');
    expect([first.data.map(({ amount }) => amount), first.has_more]).toEqual([[3, 2], true]);
    const second = await page(`&starting_after=${first.data[1]?.id}`);
    expect([second.data.map(({ amount }) => amount), second.has_more]).toEqual([[1], false]);
  });

  describe('makes payment methods of test cards', () => {
    const make = (card: string) => post('/v1/payment_methods', `type=card&${card}`);
    const VALID = 'card[exp_month]=12&card[exp_year]=2040&card[cvc]=123';

    it('that behave as published, and shows nothing of the number but its end', async () => {
      const number = '4000000000009995';
      const { wire, body } = await make(`card[number]=${number}&${VALID}`);
      expect(wire).toMatchObject({ type: 'card', card: { brand: 'visa', last4: '9995' } });
      expect(body).not.toContain(number);
      const declined = await confirm(await create(wire.id));
      expect(declined.wire.error.decline_code).toBe('insufficient_funds');
    });

    it.each([
      [`card[number]=4242424242424241&${VALID}`, 'incorrect_number'],
      [
        `card[number]=4242424242424242&card[exp_month]=13&card[exp_year]=2040`,
        'invalid_expiry_month',
      ],
      [
        `card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2029`,
        'invalid_expiry_year',
      ],
      [
        `card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=2040&card[cvc]=1`,
        'invalid_cvc',
      ],
      [`card[number]=4111111111111111&${VALID}`, 'card_declined'],
    ])('and refuses %s', async (card, code) => {
      const { status, wire } = await make(card);
      expect([status, wire.error.code]).toEqual([402, code]);
    });
  });

  it('asks the buyer on a page that leads back', async () => {
    const id = await create('pm_card_threeDSecure2Required');
    const { wire } = await confirm(
      id,
      undefined,
      'return_url=https%3A%2F%2Fx.example%2Fback%3Fa=1',
    );
    const action = wire.next_action as { redirect_to_url: { url: string } };
    const page = (query: string) =>
      http.request({ method: 'GET', url: `${action.redirect_to_url.url}${query}` });
    expect((await page('')).headers['content-type']).toContain('text/html');
    expect((await page('?outcome=success')).headers.location).toBe(
      `https://x.example/back?a=1&payment_intent=${id}&redirect_status=succeeded`,
    );
    expect((await page('?outcome=failure')).status).toBe(200);
    expect((await ask(`/v1/payment_intents/${id}`)).wire.status).toBe('requires_capture');
  });

  it.each([
    ['/v1/payment_intents/pi_nobody', 404, 'resource_missing'],
    ['/v1/refunds/re_nobody', 404, 'resource_missing'],
    ['/v1/customers', 404, undefined],
    ['/', 404, undefined],
  ])('does not know %s', async (path, status, code) => {
    const answer = await ask(path);
    expect([answer.status, answer.wire.error.code]).toEqual([status, code]);
  });

  it.each(['', 'Bearer sk_live_1', 'Bearer pk_test_1', 'Basic x'])(
    'lets nobody in with %j',
    async (authorization) => {
      expect((await ask('/v1/balance', { headers: { authorization } })).status).toBe(401);
    },
  );

  describe('has switches', () => {
    const control = async (path: string, body?: object) => {
      const answer = await http.request({
        ...{ method: body ? 'PUT' : 'GET', url: `${sandbox.url}${path}` },
        body: body && JSON.stringify(body),
      });
      return { status: answer.status, wire: JSON.parse(answer.body) as Record<string, unknown> };
    };

    it('beside those of the other processors', async () => {
      const { wire } = await control('/processors');
      const processors = wire.processors as Record<string, unknown>[];
      expect(processors.map(({ name, protocol }) => [name, protocol])).toEqual([
        ...[['sandbox_a'], ['sandbox_b']].map(([name]) => [name, undefined]),
        ['stripe', 'stripe'],
      ]);
      expect(processors[2]).toMatchObject({
        url: stripeUrl(),
        books: '/processors/stripe/books',
        faults: '/processors/stripe/faults',
        webhooks: '/processors/stripe/webhooks',
      });
    });

    it('for its webhooks, whose secret is never shown', async () => {
      const settings = { url: 'http://127.0.0.1:9', secret: 'whsec_0123456789abcdef' };
      expect(await control('/processors/stripe/webhooks', { ...settings, twice: true })).toEqual({
        status: 200,
        wire: { url: settings.url, twice: true, out_of_order: false },
      });
      const off = await control('/processors/stripe/webhooks', { url: null });
      expect(off.wire).toEqual({ url: null, twice: false, out_of_order: false });
    });

    it.each([
      {},
      { url: 'ftp://x.example', secret: 'whsec_0123456789abcdef' },
      { url: 'http://x.example', secret: 'short' },
      { url: 'http://x.example', secret: 'whsec_0123456789abcdef', twice: 1 },
      { url: null, more: 1 },
    ])('for its webhooks, that refuse %j', async (body) => {
      expect((await control('/processors/stripe/webhooks', body)).status).toBe(400);
    });
  });
});

describe('a sandbox that was not asked for Stripe', () => {
  it('has none', async () => {
    const sandbox = await startSandbox({ port: 0, host: '127.0.0.1' });
    expect(sandbox.processors.map(({ name }) => name)).toEqual(['sandbox_a', 'sandbox_b']);
    await sandbox.stop();
  });
});

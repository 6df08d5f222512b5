import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Timers } from '#platform';
import { VirtualClock } from '#platform/memory';
import { SystemTimers } from '#platform/system';
import { UndiciHttpClient } from '#platform/undici';
import { startSandbox, type Sandbox } from './sandbox.js';

/** Latencies that end only when a test says so. */
class HeldTimers implements Timers {
  readonly held: { delayMs: number; fire: () => void }[] = [];

  after(delayMs: number, fire: () => void): () => void {
    const entry = { delayMs, fire };
    this.held.push(entry);
    return () => void this.held.splice(this.held.indexOf(entry), 1);
  }

  async arrived(count: number): Promise<void> {
    await expect.poll(() => this.held.length, { timeout: 5_000, interval: 2 }).toBe(count);
  }

  releaseOne(): void {
    this.held.shift()?.fire();
  }
}

interface Reply {
  status: number;
  body: Record<string, unknown>;
}

let sandbox: Sandbox;
let http: UndiciHttpClient;
let keys = 0;

const start = async (timers: Timers = new SystemTimers()) => {
  sandbox = await startSandbox({ port: 0, host: '127.0.0.1', timers });
};

beforeEach(async () => {
  http = new UndiciHttpClient();
  await start();
});
afterEach(async () => {
  await http.close();
  await sandbox.stop();
});

const urlOf = (name: string) => {
  const processor = sandbox.processors.find((each) => each.name === name);
  if (!processor) throw new Error(`no ${name}`);
  return processor.url;
};

async function request(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  url: string,
  options: { body?: unknown; key?: string; signal?: AbortSignal } = {},
): Promise<Reply> {
  const { body, key, signal } = options;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await http.request({
    method,
    url,
    headers: key === undefined ? {} : { 'idempotency-key': key },
    ...(body === undefined ? {} : { body: text }),
    signal,
  });
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
}

const post = (url: string, body: unknown = {}, key = `key-${(keys += 1)}`, signal?: AbortSignal) =>
  request('POST', url, { body, key, signal });

const control = (path: string) => `${sandbox.url}/processors/${path}`;
const setFaults = (name: string, body: unknown) =>
  request('PUT', control(`${name}/faults`), { body });

const newCharge = (changes: Record<string, unknown> = {}) => ({
  amount: 4_200,
  currency: 'EUR',
  payment_method: 'pm_sandbox_visa',
  merchant_reference: `order-${(keys += 1)}`,
  ...changes,
});

const authorizations = () => `${urlOf('sandbox_b')}/v1/authorizations`;
const charges = () => `${urlOf('sandbox_a')}/v1/charges`;

async function books(name: string, merchantReference?: string): Promise<Record<string, unknown>[]> {
  const filter = merchantReference === undefined ? '' : `?merchant_reference=${merchantReference}`;
  const { body } = await request('GET', control(`${name}/books${filter}`));
  return body.charges as Record<string, unknown>[];
}

/** Creates an unconfirmed charge at sandbox_a and gives its address. */
async function unconfirmed(changes: Record<string, unknown> = {}): Promise<string> {
  const { body } = await post(charges(), newCharge(changes));
  return `${charges()}/${String(body.id)}`;
}

const errorCode = (reply: Reply) => (reply.body.error as { code: string }).code;

describe('the control server', () => {
  it('tells which processors there are, each on a port of its own', async () => {
    const lasting = { authorization_valid_seconds: 7 * 24 * 60 * 60 };
    for (const path of ['/', '/processors']) {
      const { body } = await request('GET', `${sandbox.url}${path}`);
      expect(body.processors).toMatchObject([
        { name: 'sandbox_a', url: urlOf('sandbox_a'), authorization: 'two_step', ...lasting },
        { name: 'sandbox_b', url: urlOf('sandbox_b'), authorization: 'one_step', ...lasting },
      ]);
    }
    expect(new Set([sandbox.url, urlOf('sandbox_a'), urlOf('sandbox_b')]).size).toBe(3);
  });

  it('shows what holds or held money, and nothing else', async () => {
    const order = newCharge();
    await unconfirmed();
    await post(authorizations(), newCharge({ payment_method: 'pm_sandbox_stolen' }));
    const { body } = await post(authorizations(), order, 'the-key');
    await post(`${authorizations()}/${String(body.id)}/capture`, { amount: 4_000 });
    expect(await books('sandbox_a')).toEqual([]);
    expect(await books('sandbox_b')).toEqual([
      {
        reference: body.id,
        merchant_reference: order.merchant_reference,
        idempotency_key: 'the-key',
        amount: 4_200,
        currency: 'EUR',
        state: 'captured',
        amount_captured: 4_000,
        amount_refunded: 0,
        refunds: [],
      },
    ]);
  });

  it('shows books that are longer than one write, and those of one merchant reference', async () => {
    const orders = Array.from({ length: 2_500 }, () => newCharge());
    await Promise.all(orders.map((order) => post(authorizations(), order)));
    const all = await books('sandbox_b');
    expect(new Set(all.map((charge) => charge.merchant_reference)).size).toBe(2_500);
    const reference = orders[7]?.merchant_reference;
    expect(await books('sandbox_b', reference)).toMatchObject([{ merchant_reference: reference }]);
    expect(await books('sandbox_b', 'nobody')).toEqual([]);
  });

  it('tells the faults it was given, with their defaults', async () => {
    const none = { mode: 'none', latency_ms: 0, rate: 1 };
    expect((await request('GET', control('sandbox_a/faults'))).body).toEqual(none);
    const slow = { mode: 'slow', latency_ms: 5, rate: 0.5 };
    expect(await setFaults('sandbox_a', slow)).toEqual({ status: 200, body: slow });
    expect((await setFaults('sandbox_a', { mode: 'none' })).body).toEqual(none);
    expect((await request('GET', control('sandbox_b/faults'))).body).toEqual(none);
  });

  it.each([
    [{ mode: 'explode' }],
    [{}],
    [[]],
    [{ mode: 'slow', latency_ms: -1 }],
    [{ mode: 'slow', latency_ms: '5' }],
    [{ mode: 'slow', rate: 1.1 }],
    [{ mode: 'slow', rate: -0.1 }],
    [{ mode: 'slow', latency: 5 }],
    ['{"mode":'],
  ])('refuses the faults %j and changes nothing', async (body) => {
    const reply = await setFaults('sandbox_a', body);
    expect(reply.status).toBe(400);
    expect(errorCode(reply)).toMatch(/^(validation_failed|malformed_json)$/);
    const { body: faults } = await request('GET', control('sandbox_a/faults'));
    expect(faults.mode).toBe('none');
  });

  it.each([
    ['GET', '/processors/sandbox_c/books', 404],
    ['GET', '/processors/sandbox_a/ledger', 404],
    ['GET', '/elsewhere', 404],
    ['DELETE', '/processors/sandbox_a/books', 405],
    ['POST', '/processors/sandbox_a/faults', 405],
    ['GET', '/processors/sandbox_a/books?state=captured', 400],
  ] as const)('answers %s %s with %d', async (method, path, status) => {
    expect((await request(method, `${sandbox.url}${path}`)).status).toBe(status);
  });
});

describe('a processor', () => {
  it('confirms, captures and refunds in steps', async () => {
    const charge = await unconfirmed();
    expect((await request('GET', charge)).body.status).toBe('requires_confirmation');
    expect((await post(`${charge}/confirm`)).body.status).toBe('authorized');
    expect((await post(`${charge}/capture`, { amount: 4_200 })).body.status).toBe('captured');
    const part = await post(`${charge}/refunds`, { amount: 200 });
    expect(part).toMatchObject({ status: 201, body: { amount: 200, status: 'succeeded' } });
    expect(charge.endsWith(String(part.body.charge))).toBe(true);
    expect((await request('GET', charge)).body).toMatchObject({
      status: 'captured',
      amount_refunded: 200,
    });
    expect(errorCode(await post(`${charge}/refunds`, { amount: 4_001 }))).toBe('amount_too_large');
    await post(`${charge}/refunds`, { amount: 4_000 });
    expect((await request('GET', charge)).body.status).toBe('refunded');
    expect(errorCode(await post(`${charge}/refunds`, { amount: 1 }))).toBe('charge_refunded');
  });

  it('refuses what the state of a charge does not allow', async () => {
    const { body } = await post(authorizations(), newCharge());
    const authorization = `${authorizations()}/${String(body.id)}`;
    expect(errorCode(await post(`${authorization}/refunds`, { amount: 1 }))).toBe(
      'charge_authorized',
    );
    const tooMuch = await post(`${authorization}/capture`, { amount: 4_201 });
    expect([tooMuch.status, errorCode(tooMuch)]).toEqual([400, 'amount_too_large']);
    await post(`${authorization}/capture`, { amount: 4_200 });
    expect(errorCode(await post(`${authorization}/capture`, { amount: 1 }))).toBe(
      'charge_captured',
    );
    expect(errorCode(await post(`${authorization}/void`))).toBe('charge_captured');
    expect((await post(`${authorizations()}/au_nobody/void`)).status).toBe(404);
  });

  it('refuses to confirm what was canceled, and to cancel as unconfirmed what holds money', async () => {
    const canceled = await unconfirmed();
    await post(`${canceled}/cancel`, { unconfirmed_only: true });
    expect(errorCode(await post(`${canceled}/confirm`))).toBe('charge_canceled');
    const held = await unconfirmed();
    await post(`${held}/confirm`);
    const refused = await post(`${held}/cancel`, { unconfirmed_only: true });
    expect(refused).toMatchObject({ status: 400, body: { charge: { status: 'authorized' } } });
    expect((await post(`${held}/cancel`)).body.status).toBe('voided');
  });

  it.each([
    ['pm_sandbox_visa', undefined, undefined],
    ['pm_sandbox_review', undefined, undefined],
    ['pm_sandbox_refund_pending', undefined, undefined],
    ['pm_sandbox_refund_fails', undefined, undefined],
    ['pm_sandbox_refund_refused', undefined, undefined],
    ['pm_sandbox_insufficient_funds', 'insufficient_funds', 'insufficient_funds'],
    ['pm_sandbox_stolen', 'stolen_card', 'stolen_card'],
    ['pm_sandbox_soft_decline_a', 'do_not_honor', undefined],
    ['pm_nobody', 'unknown_payment_method', 'unknown_payment_method'],
  ])('answers the token %s as documented', async (payment_method, codeAtA, codeAtB) => {
    const atA = await post(`${await unconfirmed({ payment_method })}/confirm`);
    const atB = await post(authorizations(), newCharge({ payment_method }));
    for (const [reply, code, yes] of [
      [atA, codeAtA, 200],
      [atB, codeAtB, 201],
    ] as const) {
      expect(reply.status).toBe(code === undefined ? yes : 402);
      if (code !== undefined) expect(errorCode(reply)).toBe(code);
    }
  });

  it.each([
    [{ amount: 0 }],
    [{ amount: -1 }],
    [{ amount: 1.5 }],
    [{ amount: '1' }],
    [{ amount: 2 ** 53 }],
    [{ currency: 'eur' }],
    [{ merchant_reference: '' }],
    [{ surprise: 1 }],
  ])('refuses a charge with %j', async (changes) => {
    for (const url of [charges(), authorizations()]) {
      const reply = await post(url, newCharge(changes));
      expect([reply.status, errorCode(reply)]).toEqual([400, 'validation_failed']);
    }
  });

  it('refuses a body that is too large and keeps serving', async () => {
    expect((await post(charges(), 'x'.repeat(20_000))).status).toBe(413);
    expect((await request('GET', `${urlOf('sandbox_a')}/v1/ping`)).status).toBe(200);
  });
});

describe('a token for a card', () => {
  const exchange = (name: string, card: object, key?: string) =>
    post(`${urlOf(name)}/v1/tokens`, { card: { exp_month: 7, exp_year: 2031, ...card } }, key);
  const charged = async (name: string, number: string) => {
    const { body } = await exchange(name, { number });
    return post(`${urlOf('sandbox_b')}/v1/authorizations`, {
      amount: 4_200,
      currency: 'USD',
      payment_method: body.id,
      merchant_reference: `of-${number}-${name}`,
    });
  };

  it.each([
    ['4242424242424242', 201, undefined],
    ['4242424242424242'.replace(/42$/, '59'), 201, undefined],
    ['4000000000009995', 402, 'insufficient_funds'],
    ['4000000000009979', 402, 'stolen_card'],
    ['4000000000000341', 201, undefined],
  ])('of %s does what is published of the number', async (number, status, code) => {
    const answered = await charged('sandbox_b', number);
    expect([answered.status, (answered.body.error as { code?: string } | undefined)?.code]).toEqual(
      [status, code],
    );
  });

  it('is known at its own processor only', async () => {
    const { status, body } = await charged('sandbox_a', '4242424242424242');
    expect([status, (body.error as { code: string }).code]).toEqual([
      402,
      'unknown_payment_method',
    ]);
  });

  it.each([
    ['4000000000000002', 'card_declined'],
    ['4539578763621486', 'not_a_test_card'],
  ])('is not given for %s', async (number, code) => {
    const { status, body } = await exchange('sandbox_a', { number });
    expect([status, (body.error as { code: string }).code]).toEqual([402, code]);
  });

  it('is the same for the same key, and nothing shows the number', async () => {
    const card = { number: '4242424242424242', cvc: '989' };
    const first = await exchange('sandbox_a', card, 'token-1');
    expect(await exchange('sandbox_a', card, 'token-1')).toEqual(first);
    const other = await exchange('sandbox_a', { number: '5555555555554444' }, 'token-1');
    expect(other.status).toBe(400);
    const refused = await exchange('sandbox_a', { ...card, exp_month: 'May' });
    expect(refused.status).toBe(400);
    expect(JSON.stringify([first, other, refused])).not.toMatch(/4242424242424242|989/);
  });
});

describe('time at a processor', () => {
  let clock: VirtualClock;

  beforeEach(async () => {
    await sandbox.stop();
    clock = new VirtualClock();
    sandbox = await startSandbox({
      port: 0,
      host: '127.0.0.1',
      clock,
      authorizationValidForMs: 60_000,
    });
  });

  const pass = (ms: number) => clock.moveTo(clock.monotonicMs() + ms);

  async function captured(payment_method: string): Promise<string> {
    const { body } = await post(authorizations(), newCharge({ payment_method }));
    const charge = `${authorizations()}/${String(body.id)}`;
    await post(`${charge}/capture`, { amount: 4_200 });
    return charge;
  }

  it('lets go of what is held when its time is over', async () => {
    const { body } = await post(authorizations(), newCharge());
    const authorization = `${authorizations()}/${String(body.id)}`;
    pass(59_999);
    expect((await request('GET', authorization)).body.status).toBe('authorized');
    pass(1);
    const capture = await post(`${authorization}/capture`, { amount: 1 });
    expect([capture.status, errorCode(capture)]).toEqual([400, 'charge_expired']);
    expect(await post(`${authorization}/void`)).toMatchObject({
      status: 400,
      body: { error: { code: 'charge_expired' }, charge: { status: 'expired', amount: 4_200 } },
    });
    expect(await books('sandbox_b')).toMatchObject([{ state: 'voided', amount_captured: 0 }]);
  });

  it('keeps what was captured in time', async () => {
    await captured('pm_sandbox_visa');
    pass(60_000);
    expect(await books('sandbox_b')).toMatchObject([{ state: 'captured' }]);
  });

  it('settles a pending refund a second later; until then it counts, but nothing came back', async () => {
    const charge = await captured('pm_sandbox_refund_pending');
    const { body } = await post(`${charge}/refunds`, { amount: 4_200 }, 'the-refund');
    expect(body.status).toBe('pending');
    expect(errorCode(await post(`${charge}/refunds`, { amount: 1 }))).toBe('amount_too_large');
    const entry = { reference: body.id, idempotency_key: 'the-refund', amount: 4_200 };
    const unsettled = { state: 'captured', amount_refunded: 0 };
    expect(await books('sandbox_b')).toMatchObject([
      { ...unsettled, refunds: [{ ...entry, status: 'pending' }] },
    ]);
    pass(999);
    expect(await books('sandbox_b')).toMatchObject([unsettled]);
    pass(1);
    expect(await books('sandbox_b')).toMatchObject([
      {
        state: 'refunded',
        amount_refunded: 4_200,
        refunds: [{ ...entry, status: 'succeeded' }],
      },
    ]);
  });

  it('lets a refund fail a second later, and the amount be refunded again', async () => {
    const charge = await captured('pm_sandbox_refund_fails');
    const { body } = await post(`${charge}/refunds`, { amount: 4_200 });
    pass(1_000);
    expect((await request('GET', `${charge}/refunds/${String(body.id)}`)).body).toMatchObject({
      status: 'failed',
      failure: { code: 'account_closed' },
    });
    expect(await books('sandbox_b')).toMatchObject([{ state: 'captured', amount_refunded: 0 }]);
    expect((await post(`${charge}/refunds`, { amount: 4_200 })).body.status).toBe('pending');
  });

  it('refuses a refund at once where the card takes none', async () => {
    const charge = await captured('pm_sandbox_refund_refused');
    const refused = await post(`${charge}/refunds`, { amount: 1 });
    expect([refused.status, errorCode(refused)]).toEqual([400, 'refund_not_possible']);
  });

  it('finds a refund by its id and by its key', async () => {
    const charge = await captured('pm_sandbox_visa');
    const { body } = await post(`${charge}/refunds`, { amount: 200 }, 'one');
    await post(`${charge}/refunds`, { amount: 300 }, 'two');
    expect((await request('GET', `${charge}/refunds/${String(body.id)}`)).body).toEqual(body);
    const byKey = (key: string) => request('GET', `${charge}/refunds?idempotency_key=${key}`);
    expect((await byKey('one')).body).toEqual({ data: [body] });
    expect((await byKey('three')).body).toEqual({ data: [] });
    const other = await captured('pm_sandbox_visa');
    expect((await request('GET', `${other}/refunds/${String(body.id)}`)).status).toBe(404);
    expect((await request('GET', `${charge}/refunds`)).status).toBe(400);
    expect((await post(`${charge}/refunds/${String(body.id)}`)).status).toBe(405);
    expect((await request('GET', `${charge}/capture/x`)).status).toBe(404);
  });
});

describe('idempotency at a processor', () => {
  it('answers the same key and parameters with the stored answer, declines included', async () => {
    for (const payment_method of ['pm_sandbox_visa', 'pm_sandbox_stolen']) {
      const order = newCharge({ payment_method });
      const first = await post(authorizations(), order, `same-${payment_method}`);
      const reordered = Object.fromEntries(Object.entries(order).reverse());
      expect(await post(authorizations(), reordered, `same-${payment_method}`)).toEqual(first);
    }
    expect(await books('sandbox_b')).toHaveLength(1);
  });

  it('refuses the same key with other parameters or on another charge', async () => {
    const order = newCharge();
    await post(authorizations(), order, 'once');
    const other = await post(authorizations(), { ...order, amount: 1 }, 'once');
    expect([other.status, errorCode(other)]).toEqual([400, 'idempotency_key_reused']);
    const [first, second] = [await unconfirmed(), await unconfirmed()];
    await post(`${first}/confirm`, {}, 'confirm');
    expect(errorCode(await post(`${second}/confirm`, {}, 'confirm'))).toBe(
      'idempotency_key_reused',
    );
  });

  it('leaves the key of a refused request unused', async () => {
    const order = newCharge();
    await post(authorizations(), { ...order, amount: 0 }, 'retry');
    expect((await post(authorizations(), order, 'retry')).status).toBe(201);
  });

  it('demands a key that can be one', async () => {
    const body = newCharge();
    const missing = await request('POST', authorizations(), { body });
    expect(errorCode(missing)).toBe('idempotency_key_required');
    const long = await post(authorizations(), body, 'k'.repeat(256));
    expect(errorCode(long)).toBe('idempotency_key_invalid');
  });

  it('answers 409 while the first request with the key is running, and charges once', async () => {
    const timers = new HeldTimers();
    await sandbox.stop();
    await start(timers);
    await setFaults('sandbox_b', { mode: 'slow', latency_ms: 700 });
    const order = newCharge();
    const first = post(authorizations(), order, 'twice');
    await timers.arrived(1);
    const second = await post(authorizations(), order, 'twice');
    expect([second.status, errorCode(second)]).toEqual([409, 'idempotency_key_in_use']);
    expect(timers.held[0]?.delayMs).toBe(700);
    timers.releaseOne();
    expect((await first).status).toBe(201);
    expect(await books('sandbox_b')).toHaveLength(1);
  });
});

describe('faults', () => {
  it('refuse: closes the port and every connection, and heals on the same port', async () => {
    const ping = `${urlOf('sandbox_a')}/v1/ping`;
    const charge = await unconfirmed();
    await setFaults('sandbox_a', { mode: 'timeout_after' });
    const cut = expect(post(`${charge}/confirm`)).rejects.toMatchObject({ phase: 'sent' });
    await expect.poll(() => books('sandbox_a'), { timeout: 5_000 }).toHaveLength(1);
    await setFaults('sandbox_a', { mode: 'refuse' });
    await cut;
    await expect(request('GET', ping)).rejects.toMatchObject({ phase: 'not_sent' });
    expect((await request('GET', `${urlOf('sandbox_b')}/v1/ping`)).status).toBe(200);
    await setFaults('sandbox_a', { mode: 'none' });
    expect((await request('GET', ping)).status).toBe(200);
  });

  it('refuse: says so when another program has taken the port meanwhile', async () => {
    const timers = new HeldTimers();
    await sandbox.stop();
    await start(timers);
    await setFaults('sandbox_a', { mode: 'refuse' });
    const intruder = createServer().listen(Number(new URL(urlOf('sandbox_a')).port), '127.0.0.1');
    await once(intruder, 'listening');
    const healing = setFaults('sandbox_a', { mode: 'none' });
    const outcome = healing.then(({ status }) => status);
    for (let tries = 1; tries < 40; tries += 1) {
      await timers.arrived(1);
      timers.releaseOne();
    }
    expect(await outcome).toBe(503);
    await new Promise((resolve) => intruder.close(resolve));
    expect((await setFaults('sandbox_a', { mode: 'none' })).status).toBe(200);
  });

  it('blackhole: accepts and never answers, pings included, until it heals', async () => {
    await setFaults('sandbox_b', { mode: 'blackhole' });
    let answered = 0;
    const calls = [
      request('GET', `${urlOf('sandbox_b')}/v1/ping`),
      post(authorizations(), newCharge()),
    ].map((call) => call.finally(() => (answered += 1)));
    const cut = Promise.allSettled(calls);
    // A call to the other processor takes the same road and comes back, so these would have.
    await request('GET', `${urlOf('sandbox_a')}/v1/ping`);
    expect(answered).toBe(0);
    await setFaults('sandbox_b', { mode: 'none' });
    expect((await cut).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await books('sandbox_b')).toEqual([]);
  });

  it('error_500_before: executes nothing and stores nothing', async () => {
    const order = newCharge();
    await setFaults('sandbox_b', { mode: 'error_500_before' });
    expect((await post(authorizations(), order, 'before')).status).toBe(500);
    expect(await books('sandbox_b')).toEqual([]);
    await setFaults('sandbox_b', { mode: 'none' });
    expect((await post(authorizations(), order, 'before')).status).toBe(201);
  });

  it('error_500_after: executes, and gives the real answer to the same key once healed', async () => {
    const order = newCharge();
    await setFaults('sandbox_b', { mode: 'error_500_after' });
    expect((await post(authorizations(), order, 'after')).status).toBe(500);
    expect((await post(authorizations(), order, 'after')).status).toBe(500);
    expect(await books('sandbox_b')).toHaveLength(1);
    await setFaults('sandbox_b', { mode: 'none' });
    expect((await post(authorizations(), order, 'after')).status).toBe(201);
    expect(await books('sandbox_b')).toHaveLength(1);
  });

  it.each([
    ['timeout_before', 0],
    ['timeout_after', 1],
  ])(
    '%s: never answers, charges %d times, and cuts the caller off when it ends',
    async (mode, count) => {
      const order = newCharge();
      await setFaults('sandbox_b', { mode });
      const cut = expect(post(authorizations(), order, 'lost')).rejects.toMatchObject({
        phase: 'sent',
      });
      if (count > 0) {
        await expect.poll(() => books('sandbox_b'), { timeout: 5_000 }).toHaveLength(count);
      }
      // The create of the other kind is not exposed: it comes back while the other call hangs.
      expect((await post(charges(), newCharge())).status).toBe(201);
      await setFaults('sandbox_b', { mode: 'none' });
      await cut;
      expect(await books('sandbox_b')).toHaveLength(count);
      expect((await post(authorizations(), order, 'lost')).status).toBe(201);
      expect(await books('sandbox_b')).toHaveLength(1);
    },
  );

  it('hit what moves or releases money and look-ups, but not the unconfirmed create and pings', async () => {
    const charge = await unconfirmed();
    await setFaults('sandbox_a', { mode: 'error_500_before' });
    const actions = ['confirm', 'cancel'].map((action) => post(`${charge}/${action}`));
    const amounts = ['capture', 'refunds'].map((action) =>
      post(`${charge}/${action}`, { amount: 1 }),
    );
    const lookUps = [
      charge,
      `${charges()}?merchant_reference=x`,
      `${charge}/refunds?idempotency_key=x`,
      `${charge}/refunds/re_x`,
    ].map((url) => request('GET', url));
    for (const reply of await Promise.all([...actions, ...amounts, ...lookUps])) {
      expect(reply.status).toBe(500);
    }
    expect((await post(charges(), newCharge())).status).toBe(201);
    expect((await request('GET', `${urlOf('sandbox_a')}/v1/ping`)).status).toBe(200);
  });

  it('hit as often as their rate says', async () => {
    const failures = async (rate: number) => {
      await setFaults('sandbox_b', { mode: 'error_500_before', rate });
      const replies = await Promise.all(
        Array.from({ length: 100 }, () => post(authorizations(), newCharge())),
      );
      return replies.filter(({ status }) => status === 500).length;
    };
    expect(await failures(0)).toBe(0);
    expect(await failures(1)).toBe(100);
    // Fewer than 10 or more than 90 of 100 fair coins happens less than once in 10^16 runs.
    const half = await failures(0.5);
    expect(half).toBeGreaterThan(10);
    expect(half).toBeLessThan(90);
  });

  it('slow: the original lands after its caller gave up and was told that nothing is there', async () => {
    const timers = new HeldTimers();
    await sandbox.stop();
    await start(timers);
    await setFaults('sandbox_b', { mode: 'slow', latency_ms: 700 });
    const order = newCharge();
    const givingUp = new AbortController();
    const gaveUp = expect(
      post(authorizations(), order, 'late', givingUp.signal),
    ).rejects.toMatchObject({ phase: 'sent' });
    await timers.arrived(1);
    await setFaults('sandbox_b', { mode: 'none' });
    givingUp.abort();
    await gaveUp;
    const lookUp = `${authorizations()}?merchant_reference=${order.merchant_reference}`;
    expect((await request('GET', lookUp)).body).toEqual({ data: [] });
    timers.releaseOne();
    expect((await request('GET', lookUp)).body).toMatchObject({ data: [{ status: 'authorized' }] });
  });

  it('slow: a confirmation that lands after the cancellation is refused', async () => {
    const timers = new HeldTimers();
    await sandbox.stop();
    await start(timers);
    const charge = await unconfirmed();
    await setFaults('sandbox_a', { mode: 'slow', latency_ms: 700 });
    const confirmation = post(`${charge}/confirm`);
    await timers.arrived(1);
    await setFaults('sandbox_a', { mode: 'none' });
    expect((await post(`${charge}/cancel`, { unconfirmed_only: true })).body.status).toBe(
      'canceled',
    );
    timers.releaseOne();
    expect(errorCode(await confirmation)).toBe('charge_canceled');
    expect(await books('sandbox_a')).toEqual([]);
  });
});

describe('starting', () => {
  it('takes the ports after its own for the processors', async () => {
    const portOf = (url: string) => Number(new URL(url).port);
    for (let tries = 1; ; tries += 1) {
      const free = await startSandbox({ port: 0, host: '127.0.0.1' });
      await free.stop();
      try {
        const port = portOf(free.url);
        const other = await startSandbox({ port, host: '127.0.0.1' });
        await other.stop();
        const ports = other.processors.map(({ url }) => portOf(url));
        return expect(ports).toEqual([port + 1, port + 2]);
      } catch (error) {
        // The ports after a free one may belong to somebody.
        if (tries === 20 || (error as { code?: string }).code !== 'EADDRINUSE') throw error;
      }
    }
  });

  it('says so when a port is taken', async () => {
    const port = Number(new URL(urlOf('sandbox_b')).port) - 2;
    await expect(startSandbox({ port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, answer } from '#contracts';
import { RoadError } from './road.error.js';
import { type Gateway, authenticate, keyOf, startGateway } from './gateway.fixture.js';

const BODY = '{"card":{"number":"4242424242424242","exp_month":7,"exp_year":2031,"cvc":"989"}}';
const ID = `pm_${'a'.repeat(26)}`;
const CREATED: Answer = answer({ status: 201, body: '{"object":"payment_method"}' });

describe('payment methods at the gateway', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.app.close());
  beforeEach(() => {
    gateway.bus.asked.length = 0;
    gateway.road.came.length = 0;
    gateway.trouble.reported.length = 0;
    gateway.road.answer = () => Promise.resolve(CREATED);
    gateway.bus.script = { 'queries.access.authenticate': authenticate };
  });

  const call = (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    { as = 'agent', headers = {}, payload = '' as string } = {},
  ) =>
    gateway.app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${keyOf(as)}`, ...headers },
      ...(payload && { payload }),
    });
  const tokenize = (more: Parameters<typeof call>[2] = {}) =>
    call('POST', '/v1/payment_methods', {
      payload: BODY,
      ...more,
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k1', ...more.headers },
    });

  it('sends a card down its road as it came, and nothing over the bus', async () => {
    const answered = await tokenize({
      headers: { traceparent: `00-${'ab'.repeat(16)}-00f067aa0ba902b7-01` },
    });
    expect([answered.statusCode, answered.body]).toEqual([201, CREATED.body]);
    const principal = { tenant: 'tnt_a', role: 'agent', id: 'agt_agent', key: 'agent' };
    const call = { principal, path: '/v1/payment_methods', idempotencyKey: 'k1' };
    expect(gateway.road.came).toEqual([
      { call: { ...call, traceId: 'ab'.repeat(16) }, body: BODY },
    ]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it('does not look into the body, whatever it is', async () => {
    await tokenize({ payload: 'no json at all' });
    expect(gateway.road.came.map(({ body }) => body)).toEqual(['no json at all']);
  });

  it.each([
    ['operator', 201],
    ['approver', 403],
    ['auditor', 403],
    ['suspended', 403],
    ['nobody at all', 401],
  ])('takes a card from %s with %i', async (as, status) => {
    expect((await tokenize({ as })).statusCode).toBe(status);
    expect(gateway.road.came).toHaveLength(status === 201 ? 1 : 0);
  });

  it.each([
    [{ 'idempotency-key': '' }, 'idempotency_key_invalid'],
    [{ 'content-type': 'text/plain' }, 'validation_failed'],
    [{ 'content-encoding': 'gzip' }, 'validation_failed'],
  ])('sends nothing with the headers %j', async (headers, code) => {
    const answered = await tokenize({ headers });
    expect([answered.statusCode, answered.json<{ code: string }>().code]).toEqual([400, code]);
    expect(gateway.road.came).toEqual([]);
    expect(answered.body).not.toContain('4242424242424242');
  });

  it('says plainly when there is no road, and that trying again does not help', async () => {
    gateway.road.answer = () => Promise.reject(new RoadError('closed'));
    const answered = await tokenize();
    expect(answered.json()).toMatchObject({
      status: 503,
      code: 'store_unavailable',
      retry: { retryable: false },
      detail: expect.stringContaining('takes no cards') as string,
    });
    expect(gateway.trouble.reported).toEqual([]);
  });

  it('says that the same key may be sent again when the vault is away, and reports it', async () => {
    gateway.road.answer = () => Promise.reject(new RoadError('away'));
    const answered = await tokenize();
    expect(answered.json()).toMatchObject({
      status: 503,
      code: 'store_unavailable',
      retry: { retryable: true, same_key: true },
    });
    expect(gateway.trouble.reported).toHaveLength(1);
  });

  it('shows an agent its own and those for all, and people what is of their tenant', async () => {
    gateway.bus.script['queries.payment_method.get'] = () => ({ id: ID });
    gateway.bus.script['queries.payment_method.list'] = () => ({ data: [], next_cursor: null });
    for (const as of ['agent', 'operator']) {
      expect((await call('GET', `/v1/payment_methods/${ID}`, { as })).statusCode).toBe(200);
      expect((await call('GET', '/v1/payment_methods?limit=5', { as })).statusCode).toBe(200);
    }
    const of = (agent: string | null) => [
      { subject: 'queries.payment_method.get', payload: { tenant: 'tnt_a', agent, id: ID } },
      {
        subject: 'queries.payment_method.list',
        payload: { tenant: 'tnt_a', agent, limit: 5, cursor: null },
      },
    ];
    expect(gateway.bus.asked).toEqual([...of('agt_agent'), ...of(null)]);
  });

  it('finds nothing under what is no id, and does not repeat it', async () => {
    gateway.bus.script['queries.payment_method.get'] = () => null;
    for (const id of [ID, 'pm_sandbox_visa', '4242424242424242', 'pm_4242424242424242']) {
      const answered = await call('GET', `/v1/payment_methods/${id}`);
      expect(answered.statusCode).toBe(404);
      expect(answered.body).not.toContain('4242424242424242');
    }
    expect(gateway.bus.asked).toHaveLength(1);
  });

  it('asks the write side to erase, without a key and without a body', async () => {
    gateway.bus.script['commands.payment_method.erase'] = () => answer({ status: 200, body: '{}' });
    expect((await call('DELETE', `/v1/payment_methods/${ID}`)).statusCode).toBe(200);
    expect(gateway.bus.asked).toMatchObject([
      {
        subject: 'commands.payment_method.erase',
        payload: { id: ID, path: `/v1/payment_methods/${ID}`, principal: { id: 'agt_agent' } },
      },
    ]);
    expect((await call('DELETE', `/v1/payment_methods/${ID}`, { as: 'auditor' })).statusCode).toBe(
      403,
    );
  });

  it('lets no card number into a payment', async () => {
    const payment = {
      ...{ amount: 1, currency: 'USD', payee: { id: 'a' }, payment_method: ID },
      order_reference: 'PO-1',
    };
    for (const [field, value, pointer] of [
      ['purpose', 'with 4242 4242 4242 4242', '/purpose'],
      ['payment_method', 'pm_4242424242424242', '/payment_method'],
      ['4242424242424242', 1, '/[card number]'],
    ] as const) {
      const answered = await call('POST', '/v1/payment_intents', {
        payload: JSON.stringify({ ...payment, [field]: value }),
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' },
      });
      expect(answered.json()).toMatchObject({
        code: 'validation_failed',
        violations: [{ pointer }],
      });
      expect(answered.body).not.toMatch(/4242424242424242|4242 4242/);
    }
    expect(gateway.bus.asked).toEqual([]);
  });
});

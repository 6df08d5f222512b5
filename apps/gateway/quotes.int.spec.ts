import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer } from '#contracts';
import { type Gateway, authenticate, keyOf, startGateway } from './gateway.fixture.js';

const BODY = { amount: 4200, currency: 'USD', charge_currency: 'EUR' };
const ID = `qt_${'a'.repeat(26)}`;

describe('quotes at the gateway', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.app.close());
  beforeEach(() => {
    gateway.bus.asked.length = 0;
    gateway.bus.script = {
      'queries.access.authenticate': authenticate,
      'effects.rates.quote': () => answer({ status: 201, body: '{"object":"quote"}' }),
      'queries.quote.get': ({ id }) => ({ object: 'quote', id }),
    };
  });

  const ask = (payload: object, as = 'agent', headers: object = { 'idempotency-key': 'k1' }) =>
    gateway.app.inject({
      ...{ method: 'POST', url: '/v1/quotes', payload },
      headers: { authorization: `Bearer ${keyOf(as)}`, ...headers },
    });
  const get = (id: string, as = 'agent') =>
    gateway.app.inject({
      ...{ method: 'GET', url: `/v1/quotes/${id}` },
      headers: { authorization: `Bearer ${keyOf(as)}` },
    });

  it('are asked for on behalf of the agent, and answered as they come', async () => {
    const answered = await ask({ ...BODY, payee: { id: 'acme', country: 'US' } });
    expect([answered.statusCode, answered.body]).toEqual([201, '{"object":"quote"}']);
    expect(gateway.bus.asked).toMatchObject([
      {
        subject: 'effects.rates.quote',
        payload: {
          principal: { tenant: 'tnt_a', id: 'agt_agent' },
          ...{ path: '/v1/quotes', idempotencyKey: 'k1' },
          request: { ...BODY, payee: { id: 'acme', country: 'US' } },
        },
      },
    ]);
  });

  it.each([
    ['operator', 403],
    ['approver', 403],
    ['auditor', 403],
    ['suspended', 403],
    ['nobody at all', 401],
  ])('are refused to %s with %i', async (as, status) => {
    expect((await ask(BODY, as)).statusCode).toBe(status);
    expect(gateway.bus.asked).toEqual([]);
  });

  it.each<[object, string, string]>([
    [{ ...BODY, amount: 0 }, 'validation_failed', '/amount'],
    [{ ...BODY, amount: 42.5 }, 'validation_failed', '/amount'],
    [{ ...BODY, charge_currency: 'eur' }, 'validation_failed', '/charge_currency'],
    [{ ...BODY, charge_currency: 'XAU' }, 'currency_unsupported', '/charge_currency'],
    [{ ...BODY, charge_currency: undefined }, 'validation_failed', '/charge_currency'],
    [{ ...BODY, payee: { country: 'US' } }, 'validation_failed', '/payee/id'],
    [{ ...BODY, rate: '0.01' }, 'validation_failed', '/rate'],
  ])('are refused when they are asked for by %j', async (payload, code, pointer) => {
    const answered = await ask(payload);
    expect([answered.statusCode, answered.json()]).toMatchObject([
      ...[400, { code, violations: [{ pointer }] }],
    ]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it('need a key', async () => {
    expect((await ask(BODY, 'agent', {})).json()).toMatchObject({
      code: 'idempotency_key_required',
    });
  });

  it('are shown to an agent as its own, and to an operator whosever of the tenant they are', async () => {
    expect((await get(ID)).json()).toEqual({ object: 'quote', id: ID });
    expect((await get(ID, 'operator')).statusCode).toBe(200);
    expect(gateway.bus.asked.map(({ payload }) => payload)).toEqual([
      { tenant: 'tnt_a', agent: 'agt_agent', id: ID },
      { tenant: 'tnt_a', agent: null, id: ID },
    ]);
    gateway.bus.script['queries.quote.get'] = () => null;
    expect((await get(ID)).statusCode).toBe(404);
    expect((await get('qt_none')).statusCode).toBe(404);
  });
});

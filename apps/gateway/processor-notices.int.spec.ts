import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from './gateway.fixture.js';
import { RoadError } from './road.error.js';

describe('webhooks of processors at the gateway', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.app.close());
  beforeEach(() => {
    gateway.notices.came.length = 0;
    gateway.trouble.reported.length = 0;
    gateway.notices.receipt = () => Promise.resolve('taken');
  });

  const send = (processor = 'stripe', payload = '{"id": "evt_1"}', headers = {}) =>
    gateway.app.inject({
      method: 'POST',
      url: `/webhooks/${processor}`,
      payload,
      headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    });

  it('go down their road as they came, with their headers and without a key, and not over the bus', async () => {
    const answered = await send('stripe', '{"id":  "evt_1"}', { 'stripe-signature': 't=1,v1=a' });
    expect([answered.statusCode, answered.body]).toEqual([200, '[accepted]']);
    expect(gateway.notices.came).toMatchObject([
      {
        processor: 'stripe',
        headers: { 'stripe-signature': 't=1,v1=a' },
        body: '{"id":  "evt_1"}',
      },
    ]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it('are not looked into, whatever they are', async () => {
    for (const payload of ['', 'no json', '\u0000'])
      expect((await send('adyen', payload, { 'content-type': 'text/x' })).statusCode).toBe(200);
    expect(gateway.notices.came.map(({ body }) => body)).toEqual(['', 'no json', '\u0000']);
  });

  it.each([
    ['unknown_processor', 404, 'not_found'],
    ['signature_invalid', 401, 'signature_invalid'],
    ['malformed', 400, 'malformed_json'],
  ] as const)('that are %s are refused with %i', async (receipt, status, code) => {
    gateway.notices.receipt = () => Promise.resolve(receipt);
    expect((await send()).json()).toMatchObject({ status, code });
  });

  it.each([
    ['closed', 0],
    ['away', 1],
  ] as const)('are to be sent again when the road is %s', async (reason, reported) => {
    gateway.notices.receipt = () => Promise.reject(new RoadError(reason));
    expect((await send()).json()).toMatchObject({ status: 503, code: 'store_unavailable' });
    expect(gateway.trouble.reported).toHaveLength(reported);
  });

  it('are for names of processors only', async () => {
    for (const name of ['Stripe', 'a%2fb', '..%2f', 'x'.repeat(65)])
      expect((await send(name)).statusCode).toBe(404);
    expect(gateway.notices.came).toEqual([]);
  });

  it('are posted', async () => {
    expect((await gateway.app.inject({ method: 'GET', url: '/webhooks/stripe' })).statusCode).toBe(
      404,
    );
  });
});

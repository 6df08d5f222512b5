import { afterEach, describe, expect, it } from 'vitest';
import type { ApiClient } from '../support/agent.client.js';
import { inParallel } from '../support/load.js';
import { useStage } from '../support/stage.fixture.js';

interface Quote {
  id: string;
  status: string;
  code?: string;
  charge_amount: number;
  pricing: { lines: { amount: number }[] };
}

describe('a quote', () => {
  const stage = useStage();
  const ask = (client: ApiClient, key: string, change: object = {}) =>
    client.request<Quote>('POST', '/v1/quotes', {
      headers: { 'idempotency-key': key },
      json: { amount: 4200, currency: 'USD', charge_currency: 'EUR', ...change },
    });
  afterEach(async () => {
    await stage.sandbox.switchRates('rates_a', { mode: 'none' });
    await stage.sandbox.switchRates('rates_b', { mode: 'none' });
  });

  it('is issued once per key, read back, listed among the operations, and seen by nobody else', async () => {
    const { client } = await stage.newAgent();
    const issued = await ask(client, 'q-1');
    expect([issued.status, issued.body.status, issued.body.charge_amount]).toEqual([
      ...[201, 'open', 3655],
    ]);
    const again = await ask(client, 'q-1');
    expect(again.bytes.equals(issued.bytes)).toBe(true);
    const path = `/v1/quotes/${issued.body.id}`;
    expect((await client.request<Quote>('GET', path)).body).toEqual(issued.body);
    const operations = await client.operations('q-1');
    expect(operations.body.data).toMatchObject([
      { method: 'POST', path: '/v1/quotes', status: 201, resource: issued.body.id },
    ]);
    const other = await stage.newAgent();
    expect((await other.client.request('GET', path)).status).toBe(404);
  });

  it.each([
    ['are down', { mode: 'down' }],
    ['are old', { mode: 'stale' }],
    ['talk nonsense', { mode: 'nonsense' }],
  ] as const)(
    'is refused while both sources %s, and made under the same key afterwards',
    async (_how, mode) => {
      const { client } = await stage.newAgent();
      await stage.sandbox.switchRates('rates_a', mode);
      await stage.sandbox.switchRates('rates_b', mode);
      expect([(await ask(client, 'q-1')).status, (await ask(client, 'q-1')).body.code]).toEqual([
        ...[503, 'rate_unavailable'],
      ]);
      await stage.sandbox.switchRates('rates_b', { mode: 'none' });
      expect((await ask(client, 'q-1')).status).toBe(201);
    },
  );

  it('is refused for a currency that the sources disagree about, and for no other', async () => {
    const { client } = await stage.newAgent();
    await stage.sandbox.switchRates('rates_b', { mode: 'off', currency: 'GBP', factor: 1.05 });
    expect((await ask(client, 'q-1', { charge_currency: 'GBP' })).body.code).toBe(
      'rate_unavailable',
    );
    expect((await ask(client, 'q-2', { charge_currency: 'JPY' })).status).toBe(201);
  });

  it('asked for many times at a time adds up each time', async () => {
    const { client } = await stage.newAgent();
    const answers = await inParallel(
      Array.from({ length: 200 }, (_, index) => 100 + index),
      16,
      (amount) => ask(client, `q-${amount}`, { amount }),
    );
    for (const { status, body } of answers) {
      expect(status).toBe(201);
      const sum = body.pricing.lines.reduce((total, { amount }) => total + amount, 0);
      expect(sum).toBe(body.charge_amount);
    }
  });
});

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { limitsIn } from '../support/authority.reader.js';
import type { PaymentIntent } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { isBalanced, sumsByCurrency } from '../support/ledger.judge.js';
import { PROBLEM_CODES } from '../support/problem-codes.js';
import { expectProblem } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { useStage, type OwnAgent } from '../support/stage.fixture.js';

const stage = useStage();

describe('the list of payments', () => {
  let own: OwnAgent;
  const made: PaymentIntent[] = [];

  beforeAll(async () => {
    own = await stage.newAgent();
    const visa = { payee: { id: 'acme-books' } };
    const stolen = { payee: { id: 'acme-tools' }, payment_method: 'pm_sandbox_stolen' };
    for (const changes of [visa, stolen, visa, stolen, visa]) {
      const answer = await own.client.createPayment(purchase(changes));
      expect(answer.status, answer.bytes.toString()).toBe(201);
      made.push(answer.body);
    }
  });

  const listed = async (query: Record<string, string | number>) =>
    (await everyPage(own.client.payments, query)).map(({ id }) => id).toSorted();
  const those = (wanted: (payment: PaymentIntent) => boolean) =>
    made
      .filter(wanted)
      .map(({ id }) => id)
      .toSorted();

  it('shows an answered payment at once, as the single payment is shown', async () => {
    const [newest] = (await own.client.payments({ limit: 1 })).body.data;
    expect(newest).toEqual((await own.client.payment(made.at(-1)?.id ?? '')).body);
  });

  it('is read page by page to its end, each payment once', async () => {
    const first = await own.client.payments({ limit: 2 });
    expect(first.status).toBe(200);
    expect(first.body.data).toHaveLength(2);
    const second = await own.client.payments({ limit: 2, cursor: first.body.next_cursor ?? '' });
    const third = await own.client.payments({ limit: 2, cursor: second.body.next_cursor ?? '' });
    expect(third.body.data).toHaveLength(1);
    expect(third.body.next_cursor).toBeNull();
    const ids = [first, second, third].flatMap(({ body }) => body.data.map(({ id }) => id));
    expect(ids.toSorted()).toEqual(those(() => true));
  });

  it('filters by status, payee and agent', async () => {
    expect(await listed({ status: 'succeeded' })).toEqual(
      those(({ status }) => status === 'succeeded'),
    );
    expect(await listed({ status: 'failed' })).toHaveLength(2);
    expect(await listed({ status: 'canceled' })).toEqual([]);
    expect(await listed({ payee: 'acme-tools' })).toEqual(
      those(({ payee }) => payee.id === 'acme-tools'),
    );
    expect(await listed({ payee: 'acme-tools', status: 'succeeded' })).toEqual([]);
    const byOperator = await everyPage(stage.operator.payments, { agent: own.id });
    expect(byOperator.map(({ id }) => id).toSorted()).toEqual(those(() => true));
  });

  it('filters by the time of creation', async () => {
    const middle = made[2]?.created_at ?? '';
    const later = await listed({ created_after: middle });
    const earlier = await listed({ created_before: middle });
    expect(later).toEqual(those(({ created_at }) => created_at > middle));
    expect(earlier).toEqual(those(({ created_at }) => created_at < middle));
    expect(await listed({ created_after: '2099-01-01T00:00:00Z' })).toEqual([]);
    expect(await listed({ created_before: '2099-01-01T00:00:00Z' })).toHaveLength(5);
  });

  it('refuses what it cannot understand', async () => {
    const queries: Record<string, string | number>[] = [
      { limit: 0 },
      { limit: -1 },
      { limit: 'many' },
      { cursor: 'nonsense' },
      { status: 'rich' },
      { created_after: 'yesterday' },
      { surprise: 1 },
    ];
    for (const query of queries) {
      expectProblem(await own.client.payments(query), { code: 'validation_failed' });
    }
  });
});

describe('authority', () => {
  it('tells the limits of the demo agent and what is left of them', async () => {
    const before = limitsIn((await stage.agent.authority()).body);
    const figures = before.map(({ limit }) => limit);
    expect(figures, 'a day in USD, EUR and GBP').toContain(1_000_000);
    expect(figures, 'a day in JPY').toContain(1_500_000);

    const yen = () =>
      stage.agent
        .authority()
        .then(({ body }) => limitsIn(body).find(({ limit }) => limit === 1_500_000));
    const usedBefore = (await yen())?.used ?? 0;
    const paid = await stage.agent.createPayment(purchase({ amount: 4_200, currency: 'JPY' }));
    expect(paid.status, paid.bytes.toString()).toBe(201);
    const after = await eventually(yen, (limit) => limit?.held === 0, {
      what: 'the spend committed',
    });
    const midnight = new Date();
    midnight.setUTCHours(24, 0, 0, 0);
    expect(after).toMatchObject({
      limit: 1_500_000,
      held: 0,
      used: usedBefore + 4_200,
      remaining: 1_500_000 - usedBefore - 4_200,
    });
    expect(Date.parse(after?.resets_at ?? '')).toBe(midnight.getTime());
  });

  it('shows as held what a running payment has reserved', async () => {
    const { client } = await stage.newAgent({ limits: { lifetime: { USD: 8_888 } } });
    const lifetime = async () =>
      limitsIn((await client.authority()).body).find(({ limit }) => limit === 8_888);
    expect(await lifetime()).toMatchObject({ held: 0, used: 0, remaining: 8_888 });
    await stage.sandbox.fault('sandbox_a', { mode: 'slow', latency_ms: 1_500 });
    const { body } = await client.createPayment(purchase({ amount: 888 }), {
      prefer: 'respond-async',
    });
    await eventually(lifetime, (limit) => limit?.held === 888 && limit.remaining === 8_000, {
      what: '888 held',
    });
    await stage.concluded(body.id);
    await eventually(lifetime, (limit) => limit?.held === 0 && limit.used === 888, {
      what: '888 used',
    });
  });
});

describe('operations', () => {
  it('tell what became of the requests under a key', async () => {
    const { client } = await stage.newAgent({ limits: { per_payment: { USD: 1_000 } } });
    const [paid, refused] = [randomUUID(), randomUUID()];
    const answer = await client.createPayment(purchase({ amount: 1_000 }), {
      idempotencyKey: paid,
    });
    await client.createPayment(purchase({ amount: 1_001 }), { idempotencyKey: refused });
    const operations = await client.operations(paid);
    expect(operations.status, operations.bytes.toString()).toBe(200);
    expect(operations.body.data).toEqual([
      expect.objectContaining({
        method: 'POST',
        path: '/v1/payment_intents',
        status: 201,
        resource: expect.stringContaining(answer.body.id),
        concluded_at: answer.body.concluded_at,
      }),
    ]);
    expect((await client.operations(refused)).body.data).toMatchObject([
      { method: 'POST', path: '/v1/payment_intents', status: 403 },
    ]);
  });

  it('know nothing of a key that was never used, or that another agent used', async () => {
    const idempotencyKey = randomUUID();
    await stage.agent.createPayment(purchase(), { idempotencyKey });
    const { client } = await stage.newAgent();
    expect((await client.operations(idempotencyKey)).body.data).toEqual([]);
    expect((await client.operations(randomUUID())).body.data).toEqual([]);
  });

  it('show a running request without an end', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'slow', latency_ms: 1_000 });
    const idempotencyKey = randomUUID();
    const { body } = await stage.agent.createPayment(purchase(), {
      idempotencyKey,
      prefer: 'respond-async',
    });
    expect((await stage.agent.operations(idempotencyKey)).body.data).toMatchObject([
      { method: 'POST', resource: expect.stringContaining(body.id), concluded_at: null },
    ]);
    await stage.concluded(body.id);
  });
});

describe('the ledger', () => {
  it('balances in every currency, as a whole and for each payment', async () => {
    const usd = (await stage.agent.createPayment(purchase())).body;
    const eur = (await stage.agent.createPayment(purchase({ currency: 'EUR' }))).body;
    for (const { id, currency } of [usd, eur]) {
      const entries = await everyPage(stage.auditor.ledgerEntries, { payment_intent: id });
      expect(sumsByCurrency(entries, ({ amount }) => amount)).toEqual({ [currency]: 0 });
      expect(new Set(entries.map(({ payment_intent }) => payment_intent))).toEqual(new Set([id]));
    }
    const all = await everyPage(stage.auditor.ledgerEntries, { limit: 7 });
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(isBalanced(all, ({ amount }) => amount)).toBe(true);
  });

  it('has accounts whose balances are the sums of their entries', async () => {
    await stage.agent.createPayment(purchase());
    const accounts = await everyPage(stage.operator.ledgerAccounts);
    const entries = await everyPage(stage.operator.ledgerEntries);
    expect(accounts.length).toBeGreaterThanOrEqual(2);
    expect(isBalanced(accounts, ({ balance }) => balance)).toBe(true);
    for (const { account, currency, balance } of accounts) {
      const own = entries.filter((entry) => entry.account === account);
      expect(sumsByCurrency(own, ({ amount }) => amount)[currency] ?? 0, account).toBe(balance);
    }
  });

  it('has no entries for a payment that was declined before any money was held', async () => {
    const declined = await stage.agent.createPayment(
      purchase({ payment_method: 'pm_sandbox_stolen' }),
    );
    const entries = await stage.operator.ledgerEntries({ payment_intent: declined.body.id });
    expect(entries.body).toEqual({ data: [], next_cursor: null });
  });
});

describe('explanations and events', () => {
  it('name the limit that refused a payment, and what the other judges said', async () => {
    const { client } = await stage.newAgent({ limits: { per_payment: { USD: 1_000 } } });
    const refusal = await client.createPayment(purchase({ amount: 1_001 }));
    const problem = expectProblem(refusal, { code: 'mandate_limit_exceeded' });
    const id = problem.payment_intent ?? '';
    for (const reader of [client, stage.auditor]) {
      const { body } = await reader.explanation(id);
      expect(body).toMatchObject({
        object: 'explanation',
        payment_intent: id,
        outcome: 'failed',
      });
      const limits = body.rules.filter(({ source }) => source === 'mandate');
      expect(limits).toContainEqual(
        expect.objectContaining({ rule: expect.stringContaining('per_payment') }),
      );
      expect(body.rules.some(({ source }) => source === 'policy')).toBe(true);
      expect(body.sentences.join(' ')).toMatch(/1,?001|10\.01/);
    }
  });

  it('can be read from any revision on, and end where the stream ends', async () => {
    const { id } = (await stage.agent.createPayment(purchase())).body;
    const all = await everyPage((query) => stage.auditor.events(id, query));
    const from = all.length - 2;
    const rest = await everyPage((query) =>
      stage.auditor.events(id, { ...query, from_revision: from }),
    );
    expect(rest).toEqual(all.slice(from));
    const none = await stage.auditor.events(id, { from_revision: all.length + 10 });
    expect(none.body).toEqual({ data: [], next_cursor: null });
    const bad = await stage.auditor.events(id, { from_revision: -1 });
    expectProblem(bad, { code: 'validation_failed' });
    const unknown = await stage.auditor.events(`pi_${'a'.repeat(26)}`);
    expectProblem(unknown, { code: 'not_found' });
  });
});

describe('what an operator watches', () => {
  it('both processors with closed breakers, and nothing parked', async () => {
    const processors = await stage.operator.processors();
    expect(processors.body.data).toMatchObject([
      { name: 'sandbox_a', breaker: 'closed' },
      { name: 'sandbox_b', breaker: 'closed' },
    ]);
    const parked = await stage.operator.parked();
    expect(parked.status).toBe(200);
    expect(parked.body.data).toEqual([]);
    expectProblem(await stage.operator.retryParked(`pi_${'a'.repeat(26)}`), {
      code: 'not_found',
    });
  });

  it('health and readiness without credentials', async () => {
    const nobody = stage.clientOf(null);
    expect((await nobody.request('GET', '/healthz')).status).toBe(200);
    expect((await nobody.request('GET', '/readyz')).status).toBe(200);
  });

  it('metrics that Prometheus reads, without the name of any agent', async () => {
    await stage.agent.createPayment(purchase());
    const { status, headers, bytes } = await stage.clientOf(null).request('GET', '/metrics');
    const text = bytes.toString();
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/plain/);
    expect(text).toMatch(/^# TYPE bursar_\w+ (counter|gauge|histogram|summary)$/m);
    expect(text).toMatch(/^bursar_\w*payment\w*(\{[^}]*\})? [1-9]/m);
    expect(text).not.toContain(stage.bursar.credentials().agent.id);
  });
});

describe('the documentation', () => {
  const openApi = async () => {
    const answer = await stage
      .clientOf(null)
      .request<Record<string, unknown>>('GET', '/openapi.json');
    expect(answer.status).toBe(200);
    return answer.body;
  };

  it('is OpenAPI 3.1 with every problem code and every route', async () => {
    const document = await openApi();
    expect(document['openapi']).toMatch(/^3\.1\./);
    const text = JSON.stringify(document);
    const missing = [...PROBLEM_CODES.keys()].filter((code) => !text.includes(`"${code}"`));
    expect(missing).toEqual([]);
    const paths = Object.keys(document['paths'] as object);
    expect(paths).toEqual(
      expect.arrayContaining([
        '/v1/payment_intents',
        '/v1/payment_intents/{id}',
        '/v1/payment_intents/{id}/approve',
        '/v1/payment_intents/{id}/deny',
        '/v1/payment_intents/{id}/capture',
        '/v1/payment_intents/{id}/cancel',
        '/v1/payment_intents/{id}/refunds',
        '/v1/payment_intents/{id}/explanation',
        '/v1/payment_intents/{id}/events',
        '/v1/payment_methods',
        '/v1/payment_methods/{id}',
        '/v1/operations',
        '/v1/authority',
        '/v1/agents',
        '/v1/agents/{id}/keys',
        '/v1/agents/{id}/suspend',
        '/v1/agents/{id}/resume',
        '/v1/mandates',
        '/v1/mandates/{id}/revoke',
        '/v1/ledger/entries',
        '/v1/ledger/accounts',
        '/v1/processors',
        '/v1/parked',
        '/v1/parked/{id}/retry',
      ]),
    );
  });

  it('has no reference that leads nowhere', async () => {
    const document = await openApi();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, path = ''] of references) {
      let target: unknown = document;
      for (const name of path.split('/')) target = (target as Record<string, unknown>)?.[name];
      expect(target, path).toBeDefined();
    }
  });

  it('can be read in a browser', async () => {
    const { status, headers, bytes } = await stage.clientOf(null).request('GET', '/docs');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/html/);
    expect(bytes.toString()).toContain('Bursar');
  });
});

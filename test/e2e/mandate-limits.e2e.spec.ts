import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { limitsIn } from '../support/authority.reader.js';
import type { MandateRequest, Problem } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { expectProblem, pointersOf } from '../support/problem.matcher.js';
import { patched, purchase } from '../support/purchase.fixture.js';
import { ownerOf } from '../support/sandbox.control.js';
import { useStage } from '../support/stage.fixture.js';

const FIGURE = { USD: 7_500 };

describe('the limits of a mandate', () => {
  const stage = useStage();
  type Limits = MandateRequest['limits'];

  const settledLimit = (client: { authority(): Promise<{ body: unknown }> }, figure: number) =>
    eventually(
      async () => limitsIn((await client.authority()).body).filter(({ limit }) => limit === figure),
      (limits) => limits.length > 0 && limits.every(({ held }) => held === 0),
      { what: `a settled limit of ${figure}` },
    );

  const roomForSeven: [string, string, Limits][] = [
    ['a lifetime budget', 'lifetime', { lifetime: FIGURE }],
    [
      'a calendar day',
      'window.day',
      { windows: [{ name: 'day', calendar: 'day', timezone: 'UTC', amount: FIGURE }] },
    ],
    [
      'a rolling hour',
      'window.hour',
      { windows: [{ name: 'hour', rolling: 'PT1H', amount: FIGURE }] },
    ],
  ];

  for (const [name, rule, limits] of roomForSeven) {
    it(`lets exactly 7 of 50 concurrent payments through ${name} with room for 7`, async () => {
      const { client } = await stage.newAgent({ limits, velocity: { default: false } });
      const requests = Array.from({ length: 50 }, () => purchase({ amount: 1000 }));
      const answers = await Promise.all(requests.map((request) => client.createPayment(request)));
      const paid = answers.filter(({ status }) => status === 201);
      const refused = answers.filter(({ status }) => status !== 201);
      expect(paid).toHaveLength(7);
      expect(refused).toHaveLength(43);
      expect(paid.every(({ body }) => body.status === 'succeeded')).toBe(true);

      for (const answer of refused) {
        const problem = expectProblem(answer, {
          code: 'mandate_limit_exceeded',
          money_state: 'none',
        });
        const violation = problem.violations?.find((candidate) => candidate.rule === rule);
        expect(violation, answer.bytes.toString()).toMatchObject({
          pointer: '/amount',
          limit: 7_500,
          requested: 1000,
          remaining: 500,
        });
        expect((violation?.used ?? 0) + (violation?.held ?? 0)).toBe(7_000);
        expect(problem.retry.same_key).toBe(false);
      }
      const ids = new Set(paid.map(({ body }) => body.id));
      const refusedIds = new Set(
        refused.map((answer) => (answer.body as unknown as Problem).payment_intent ?? ''),
      );
      expect(refusedIds.size).toBe(43);
      const charges = await stage.sandbox.charges();
      const owned = await Promise.all([...ids].map((id) => stage.sandbox.chargesOf(id)));
      expect(owned.map(({ length }) => length)).toEqual(Array(7).fill(1));
      expect(charges.filter((charge) => refusedIds.has(ownerOf(charge) ?? ''))).toEqual([]);

      for (const limit of await settledLimit(client, 7_500)) {
        expect(limit).toMatchObject({ limit: 7_500, held: 0, used: 7_000, remaining: 500 });
      }

      const last = requests[answers.findIndex(({ status }) => status !== 201)] ?? purchase();
      const [remedy] = (refused[0]?.body as unknown as Problem).remedies ?? [];
      expect(remedy).toMatchObject({
        type: 'modify_request',
        actor: 'agent',
        patch: [{ op: 'replace', path: '/amount', value: 500 }],
      });
      const mended = await client.createPayment(patched(last, remedy ?? { type: '', actor: '' }));
      expect(mended.status, mended.bytes.toString()).toBe(201);
      expect(mended.body).toMatchObject({ status: 'succeeded', amount: 500 });
      for (const limit of await settledLimit(client, 7_500)) {
        expect(limit).toMatchObject({ used: 7_500, remaining: 0 });
      }
    });
  }

  it('counts payments where a window limits their number', async () => {
    const { client } = await stage.newAgent({
      limits: {
        lifetime: { USD: 1_000_000 },
        windows: [{ name: 'hour', rolling: 'PT1H', count: 7 }],
      },
      velocity: { default: false },
    });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.createPayment(purchase({ amount: 100 }))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(7);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(43);
    for (const answer of refused) {
      const problem = expectProblem(answer, { code: 'mandate_limit_exceeded' });
      const violation = problem.violations?.find(({ rule }) => rule.startsWith('window.hour'));
      expect(violation).toMatchObject({ limit: 7, requested: 1, remaining: 0 });
      expect(Date.parse(violation?.resets_at ?? '')).toBeGreaterThan(Date.now());
      const [first] = problem.remedies ?? [];
      expect(first, 'no smaller amount would help').toMatchObject({ type: 'wait' });
      expect(Date.parse(first?.until ?? '')).toBeGreaterThan(Date.now());
    }
  });

  it('names the whole of a calendar day that is used up, and when the next begins', async () => {
    const { client } = await stage.newAgent({
      limits: {
        windows: [{ name: 'day', calendar: 'day', timezone: 'UTC', amount: { USD: 1000 } }],
      },
    });
    expect((await client.createPayment(purchase({ amount: 1000 }))).status).toBe(201);
    const refusal = await client.createPayment(purchase({ amount: 1 }));
    const problem = expectProblem(refusal, { code: 'mandate_limit_exceeded' });
    const midnight = new Date();
    midnight.setUTCHours(24, 0, 0, 0);
    const violation = problem.violations?.find(({ rule }) => rule === 'window.day');
    expect(violation).toMatchObject({ limit: 1000, requested: 1, remaining: 0 });
    expect(Date.parse(violation?.resets_at ?? '')).toBe(midnight.getTime());
    expect(problem.retry.retryable).toBe(true);
    expect(problem.retry.after_ms).toBeGreaterThan(0);
    expect(problem.remedies?.[0]).toMatchObject({ type: 'wait', actor: 'agent' });
  });

  it('refuses a payment above the limit per payment, and the remedy it gives works', async () => {
    const { client } = await stage.newAgent({ limits: { per_payment: { USD: 2_000 } } });
    const request = purchase({ amount: 2_001 });
    const refusal = await client.createPayment(request);
    const problem = expectProblem(refusal, {
      code: 'mandate_limit_exceeded',
      money_state: 'none',
    });
    expect(pointersOf(problem)).toContain('/amount');
    expect(problem.violations).toContainEqual(
      expect.objectContaining({ rule: 'per_payment', limit: 2_000, requested: 2_001 }),
    );
    const [remedy] = problem.remedies ?? [];
    expect(remedy?.patch).toEqual([{ op: 'replace', path: '/amount', value: 2_000 }]);
    const mended = await client.createPayment(patched(request, remedy ?? { type: '', actor: '' }));
    expect(mended.body, mended.bytes.toString()).toMatchObject({ status: 'succeeded' });

    const payment = await client.payment(problem.payment_intent ?? '');
    expect(payment.body).toMatchObject({
      status: 'failed',
      money_state: 'none',
      failure: { code: 'mandate_limit_exceeded' },
      attempts: [],
    });
  });

  it('gives the budget of a declined payment back', async () => {
    const { client } = await stage.newAgent({ limits: { lifetime: { USD: 1_300 } } });
    const declined = await client.createPayment(
      purchase({ amount: 1_300, payment_method: 'pm_sandbox_stolen' }),
    );
    expect(declined.body, declined.bytes.toString()).toMatchObject({ status: 'failed' });
    const limits = await settledLimit(client, 1_300);
    for (const limit of limits) expect(limit).toMatchObject({ used: 0, remaining: 1_300 });
    const paid = await client.createPayment(purchase({ amount: 1_300 }));
    expect(paid.body, paid.bytes.toString()).toMatchObject({ status: 'succeeded' });
  });

  it('keeps each currency apart, and refuses one that the mandate does not name', async () => {
    const { client } = await stage.newAgent({
      limits: { lifetime: { USD: 1_000, EUR: 1_000 } },
    });
    const pay = (currency: string) => client.createPayment(purchase({ amount: 1_000, currency }));
    expect((await pay('USD')).status).toBe(201);
    expect((await pay('EUR')).status).toBe(201);
    expectProblem(await pay('USD'), { code: 'mandate_limit_exceeded' });
    const foreign = expectProblem(await pay('GBP'), {
      code: 'currency_not_allowed',
      money_state: 'none',
    });
    expect(foreign.payment_intent).toMatch(/^pi_/);
  });

  it('pays only the payees it allows and none that it denies', async () => {
    const limits = { lifetime: { USD: 100_000 } };
    const only = await stage.newAgent({ limits, payees: { allow: ['acme-books'] } });
    const but = await stage.newAgent({ limits, payees: { deny: ['acme-books'] } });
    const books = { payee: { id: 'acme-books' } };
    const tools = { payee: { id: 'acme-tools' } };
    expect((await only.client.createPayment(purchase(books))).status).toBe(201);
    expect((await but.client.createPayment(purchase(tools))).status).toBe(201);
    for (const answer of [
      await only.client.createPayment(purchase(tools)),
      await but.client.createPayment(purchase(books)),
    ]) {
      const problem = expectProblem(answer, { code: 'payee_not_allowed', money_state: 'none' });
      expect(pointersOf(problem)).toContain('/payee/id');
    }
  });

  it('ends when its time is over', async () => {
    const { client } = await stage.newAgent({
      limits: { lifetime: { USD: 1_000_000 } },
      valid_until: new Date(Date.now() + 1_500).toISOString(),
    });
    const refusal = await eventually(
      () => client.createPayment(purchase({ amount: 1 })),
      ({ status }) => status !== 201,
      { everyMs: 100, what: 'a refusal after the mandate ended' },
    );
    expectProblem(refusal, { code: 'mandate_expired', money_state: 'none' });
  });

  it('is needed: without one nothing is paid, and of two the agent must name one', async () => {
    const none = await stage.newAgent(null);
    expectProblem(await none.client.createPayment(purchase()), {
      code: 'mandate_required',
      money_state: 'none',
    });

    const { id, client, mandate } = await stage.newAgent();
    await stage.operator.createMandate({ agent: id, limits: { lifetime: { USD: 1 } } });
    expectProblem(await client.createPayment(purchase()), { code: 'mandate_required' });
    const named = await client.createPayment(purchase({ mandate: mandate ?? '' }));
    expect(named.body, named.bytes.toString()).toMatchObject({ status: 'succeeded', mandate });
  });

  it('is answered with its id, its state and what it was made of', async () => {
    const agent = (await stage.operator.createAgent('told back')).body.id;
    const request: MandateRequest = {
      agent,
      valid_until: '2099-01-01T00:00:00Z',
      limits: {
        per_payment: { USD: 100_000 },
        windows: [{ name: 'hour', rolling: 'PT1H', count: 100 }],
        lifetime: { USD: 50_000_000 },
      },
      payees: { allow: ['acme-books'], deny: [] },
    };
    const idempotencyKey = randomUUID();
    const made = await stage.operator.createMandate(request, { idempotencyKey });
    expect(made.status, made.bytes.toString()).toBe(201);
    expect(made.body).toMatchObject({
      id: expect.stringMatching(/^mnd_/),
      status: 'active',
      agent,
      limits: request.limits,
      payees: request.payees,
    });
    expect(Date.parse(made.body.valid_until ?? '')).toBe(Date.parse('2099-01-01T00:00:00Z'));
    const again = await stage.operator.createMandate(request, { idempotencyKey });
    expect(again.bytes.equals(made.bytes), 'a retry makes no second mandate').toBe(true);
  });

  it('must have a limit, and only such as exist', async () => {
    const agent = (await stage.operator.createAgent('malformed mandates')).body.id;
    const malformed: object[] = [
      { agent, limits: {} },
      { agent },
      { agent, limits: { lifetime: { USD: -1 } } },
      { agent, limits: { lifetime: { USD: 1.5 } } },
      { agent, limits: { lifetime: { USD: 1 } }, surprise: true },
      { agent, limits: { windows: [{ name: 'day', amount: { USD: 1 } }] } },
      { agent, limits: { windows: [{ name: 'day', rolling: 'one hour', count: 1 }] } },
      {
        agent,
        limits: { windows: [{ name: 'day', calendar: 'day', timezone: 'Mars/Base', count: 1 }] },
      },
    ];
    for (const mandate of malformed) {
      const answer = await stage.operator.createMandate(mandate as MandateRequest);
      expectProblem(answer, { code: ['validation_failed', 'currency_unsupported'] });
    }
  });
});

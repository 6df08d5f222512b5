import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { expectProblem, pointersOf } from '../support/problem.matcher.js';
import { paymentIdOf, purchase } from '../support/purchase.fixture.js';
import { useStage } from '../support/stage.fixture.js';

describe('the idempotency key', () => {
  const stage = useStage();

  it('makes one payment and equal bytes of 100 concurrent requests', async () => {
    const { client } = await stage.newAgent();
    const idempotencyKey = randomUUID();
    const request = purchase();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => client.createPayment(request, { idempotencyKey })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(201));
    expect(new Set(answers.map(({ bytes }) => bytes.toString('utf8'))).size).toBe(1);
    expect(answers[0]?.body.status).toBe('succeeded');
    expect(await stage.sandbox.chargesOf(answers[0]?.body.id ?? '')).toMatchObject([
      { state: 'captured', amount_captured: request.amount },
    ]);
    expect(await everyPage(client.payments)).toHaveLength(1);
  });

  it('replays the same status and bytes, and says that it does', async () => {
    const idempotencyKey = randomUUID();
    const request = purchase();
    const first = await stage.agent.createPayment(request, { idempotencyKey });
    const again = await stage.agent.createPayment(request, { idempotencyKey });
    expect(first.status).toBe(201);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.status).toBe(201);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(again.bytes.equals(first.bytes)).toBe(true);
    expect(await stage.sandbox.chargesOf(first.body.id)).toHaveLength(1);
  });

  it('replays the same bytes after a restart', async () => {
    const idempotencyKey = randomUUID();
    const request = purchase();
    const first = await stage.agent.createPayment(request, { idempotencyKey });
    expect(first.status).toBe(201);

    await stage.bursar.restart();
    const chargesBefore = await stage.sandbox.charges();
    const again = await stage.agent.createPayment(request, { idempotencyKey });
    expect(again.status).toBe(201);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.bytes.equals(first.bytes)).toBe(true);
    expect(await stage.sandbox.charges()).toEqual(chargesBefore);
  });

  it('refuses another amount with 422 that names it, and charges nothing', async () => {
    const idempotencyKey = randomUUID();
    const request = purchase();
    const first = await stage.agent.createPayment(request, { idempotencyKey });
    const chargesBefore = await stage.sandbox.charges();
    const other = await stage.agent.createPayment(
      { ...request, amount: request.amount + 1 },
      { idempotencyKey },
    );
    const problem = expectProblem(other, { code: 'idempotency_key_reused' });
    expect(pointersOf(problem)).toEqual(['/amount']);
    expect(problem.retry.same_key).toBe(false);
    expect(await stage.sandbox.charges()).toEqual(chargesBefore);
    expect((await stage.agent.payment(first.body.id)).body.amount).toBe(request.amount);

    const again = await stage.agent.createPayment(request, { idempotencyKey });
    expect(again.bytes.equals(first.bytes), 'the first request still has its answer').toBe(true);
  });

  it('names every member that differs, also inside another and where one is missing', async () => {
    const idempotencyKey = randomUUID();
    const request = purchase({
      payee: { id: 'acme-books', name: 'Acme Books' },
      purpose: 'books',
    });
    await stage.agent.createPayment(request, { idempotencyKey });
    const { purpose: _dropped, ...rest } = request;
    const other = await stage.agent.createPayment(
      { ...rest, payee: { id: 'acme-books', name: 'Acme' }, metadata: { task: 't-1' } },
      { idempotencyKey },
    );
    const pointers = pointersOf(expectProblem(other, { code: 'idempotency_key_reused' }));
    expect(pointers.toSorted()).toEqual(['/metadata', '/payee/name', '/purpose']);
  });

  it('sees the same request in another order of members, other white space and another way to write a number', async () => {
    const idempotencyKey = randomUUID();
    const order = `PO-${randomUUID()}`;
    const first = await stage.agent.createPaymentFrom(
      `{"amount":1200,"currency":"USD","payee":{"id":"acme-books","name":"Acme"},"payment_method":"pm_sandbox_visa","order_reference":"${order}"}`,
      { idempotencyKey },
    );
    expect(first.status, first.bytes.toString()).toBe(201);
    const again = await stage.agent.createPaymentFrom(
      `{ "order_reference": "${order}", "payee": {"name": "Acme", "id": "\\u0061cme-books"},\n "payment_method": "pm_sandbox_visa", "currency": "USD", "amount": 1200.0 }`,
      { idempotencyKey },
    );
    expect(again.status, again.bytes.toString()).toBe(201);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.bytes.equals(first.bytes)).toBe(true);
  });

  it('is the same key with and without quotes', async () => {
    const key = randomUUID();
    const request = purchase();
    const bare = await stage.agent.createPayment(request, { idempotencyKey: key });
    const quoted = await stage.agent.createPayment(request, { idempotencyKey: `"${key}"` });
    expect(bare.status).toBe(201);
    expect(quoted.headers['idempotent-replayed']).toBe('true');
    expect(quoted.bytes.equals(bare.bytes)).toBe(true);
  });

  it('belongs to its agent: the same key of another agent is another payment', async () => {
    const [one, other] = [await stage.newAgent(), await stage.newAgent()];
    const idempotencyKey = randomUUID();
    const first = await one.client.createPayment(purchase(), { idempotencyKey });
    const second = await other.client.createPayment(purchase(), { idempotencyKey });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers['idempotent-replayed']).toBeUndefined();
    expect(second.body.id).not.toBe(first.body.id);
  });

  it('belongs to its path: an operator may use one key for an agent and for its mandate', async () => {
    const idempotencyKey = randomUUID();
    const agent = await stage.operator.createAgent('two paths, one key', { idempotencyKey });
    const mandate = await stage.operator.createMandate(
      { agent: agent.body.id, limits: { lifetime: { USD: 1000 } } },
      { idempotencyKey },
    );
    expect([agent.status, mandate.status]).toEqual([201, 201]);
  });

  it('lets a second request join the first while it runs, with the same bytes for both', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'slow', latency_ms: 400 });
    const idempotencyKey = randomUUID();
    const request = purchase();
    const early = await stage.agent.createPayment(request, {
      idempotencyKey,
      prefer: 'respond-async',
    });
    expect(early.status, early.bytes.toString()).toBe(202);
    const [one, other] = await Promise.all([
      stage.agent.createPayment(request, { idempotencyKey }),
      stage.agent.createPayment(request, { idempotencyKey }),
    ]);
    expect([one.status, other.status]).toEqual([201, 201]);
    expect(one.bytes.equals(other.bytes)).toBe(true);
    const late = await stage.agent.createPayment(request, { idempotencyKey });
    expect(late.headers['idempotent-replayed']).toBe('true');
    expect(late.bytes.equals(one.bytes)).toBe(true);
    expect(await stage.sandbox.chargesOf(one.body.id)).toHaveLength(1);
  });

  it('gives a joiner whose wait is over 202, and another request under the running key 422', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'slow', latency_ms: 2_000 });
    await stage.sandbox.fault('sandbox_b', { mode: 'slow', latency_ms: 2_000 });
    const idempotencyKey = randomUUID();
    const request = purchase();
    await stage.agent.createPayment(request, { idempotencyKey, prefer: 'respond-async' });
    const [joiner, intruder] = await Promise.all([
      stage.agent.createPayment(request, { idempotencyKey, prefer: 'wait=1' }),
      stage.agent.createPayment({ ...request, amount: 7 }, { idempotencyKey }),
    ]);
    expect(joiner.status, joiner.bytes.toString()).toBe(202);
    expect(joiner.headers.location).toBe(`/v1/payment_intents/${joiner.body.id}`);
    expectProblem(intruder, { code: 'idempotency_key_reused' });
    expect(await stage.concluded(joiner.body.id)).toMatchObject({ status: 'succeeded' });
    expect(await stage.sandbox.chargesOf(joiner.body.id)).toHaveLength(1);
  });

  it('is unused after a refusal that came before anything was durable', async () => {
    const idempotencyKey = randomUUID();
    const request = purchase();
    const stranger = stage.clientOf('bk_test_nobody_nothing');
    expect((await stranger.createPayment(request, { idempotencyKey })).status).toBe(401);
    const bad = { ...request, amount: -1 };
    expectProblem(await stage.agent.createPayment(bad, { idempotencyKey }), {
      code: 'validation_failed',
    });
    const large = { ...request, purpose: 'x'.repeat(70_000) };
    expectProblem(await stage.agent.createPayment(large, { idempotencyKey }), {
      code: 'payload_too_large',
    });
    const { credentials } = stage.bursar;
    const id = paymentIdOf(credentials(), credentials().agent.id, idempotencyKey);
    expectProblem(await stage.agent.payment(id), { code: 'not_found' });

    const good = await stage.agent.createPayment(request, { idempotencyKey });
    expect(good.status, good.bytes.toString()).toBe(201);
    expect(good.headers['idempotent-replayed']).toBeUndefined();
    expect(good.body).toMatchObject({ id, status: 'succeeded' });
  });

  it('keeps a refusal that came after the request was durable: the same one again, and a changed request needs a new key', async () => {
    const { client } = await stage.newAgent({ limits: { per_payment: { USD: 1000 } } });
    const idempotencyKey = randomUUID();
    const request = purchase({ amount: 1001 });
    const first = await client.createPayment(request, { idempotencyKey });
    const refusal = expectProblem(first, {
      code: 'mandate_limit_exceeded',
      money_state: 'none',
    });
    expect(refusal.retry.same_key).toBe(false);
    const again = await client.createPayment(request, { idempotencyKey });
    expect(again.status).toBe(403);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(again.bytes.equals(first.bytes)).toBe(true);
    const changed = await client.createPayment({ ...request, amount: 1000 }, { idempotencyKey });
    expectProblem(changed, { code: 'idempotency_key_reused' });
    const renewed = await client.createPayment({ ...request, amount: 1000 });
    expect(renewed.status, renewed.bytes.toString()).toBe(201);
  });
});

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { untilBudget } from '../support/authority.reader.js';
import { disagreements } from '../support/books.judge.js';
import type { PaymentRequest } from '../support/contract.types.js';
import type { Answer } from '../support/http.client.js';
import { expectProblem } from '../support/problem.matcher.js';
import { patched, purchase } from '../support/purchase.fixture.js';
import { ownerOf } from '../support/sandbox.control.js';
import { useStage } from '../support/stage.fixture.js';

describe('the same purchase under another key', () => {
  const stage = useStage({ sandboxApart: true });

  const expectDuplicate = (answer: Answer, earlier: string) => {
    const problem = expectProblem(answer, { code: 'possible_duplicate' });
    expect(problem.payment_intent).toBe(earlier);
    expect(problem.retry.same_key).toBe(false);
    return problem;
  };
  const refusedCopies = async (client: typeof stage.agent, request: PaymentRequest) =>
    (await everyPage(client.payments, { status: 'failed' })).filter(
      (payment) => payment.order_reference === request.order_reference,
    );

  it('is refused, names the earlier payment and charges nothing', async () => {
    const request = purchase();
    const first = await stage.agent.createPayment(request);
    expect(first.status, first.bytes.toString()).toBe(201);
    const chargesBefore = await stage.sandbox.charges();
    const idempotencyKey = randomUUID();
    const again = await stage.agent.createPayment(request, { idempotencyKey });
    const { remedies = [] } = expectDuplicate(again, first.body.id);
    expect(remedies.some((remedy) => JSON.stringify(remedy).includes(first.body.id))).toBe(true);
    expect(remedies.flatMap(({ patch = [] }) => patch)).toEqual([
      { op: 'add', path: '/distinct_from', value: [first.body.id] },
    ]);
    expect(await stage.sandbox.charges()).toEqual(chargesBefore);

    const replay = await stage.agent.createPayment(request, { idempotencyKey });
    expect(replay.bytes.equals(again.bytes), 'the refusal is the answer of that key').toBe(true);
    expect(replay.headers['idempotent-replayed']).toBe('true');
    expect(await refusedCopies(stage.agent, request)).toMatchObject([
      { money_state: 'none', attempts: [], failure: { code: 'possible_duplicate' } },
    ]);
  });

  it('goes through when it names every earlier one as another purchase, and only then', async () => {
    const request = purchase();
    const first = await stage.agent.createPayment(request);
    const refusal = await stage.agent.createPayment(request);
    const { remedies = [] } = expectDuplicate(refusal, first.body.id);
    const remedy = remedies.find(({ patch }) => patch);
    expect(remedy).toBeDefined();
    const second = await stage.agent.createPayment(
      patched(request, remedy ?? { type: '', actor: '' }),
    );
    expect(second.status, second.bytes.toString()).toBe(201);
    expect(second.body).toMatchObject({ status: 'succeeded', money_state: 'moved' });

    const half = { ...request, distinct_from: [first.body.id] };
    expectDuplicate(await stage.agent.createPayment(half), second.body.id);
    const whole = { ...request, distinct_from: [first.body.id, second.body.id] };
    const third = await stage.agent.createPayment(whole);
    expect(third.status, third.bytes.toString()).toBe(201);
    for (const { body } of [first, second, third]) {
      expect(await stage.sandbox.chargesOf(body.id)).toMatchObject([{ state: 'captured' }]);
    }
  });

  it('by another agent of the tenant is refused too, and tells nothing of the earlier payment', async () => {
    const [one, other] = [await stage.newAgent(), await stage.newAgent()];
    const request = purchase();
    const first = await one.client.createPayment(request);
    expect(first.status, first.bytes.toString()).toBe(201);
    const answer = await other.client.createPayment(request);
    expectProblem(answer, { code: 'possible_duplicate' });
    const told = answer.bytes.toString() + JSON.stringify(answer.headers);
    for (const secret of [first.body.id, first.body.id.slice(3), one.id]) {
      expect(told).not.toContain(secret);
    }
    expect(await refusedCopies(other.client, request)).toHaveLength(1);
    expect(await stage.sandbox.chargesOf(first.body.id)).toHaveLength(1);
  });

  it('is another purchase when payee, order reference, amount or currency differ', async () => {
    const request = purchase();
    const others: Partial<PaymentRequest>[] = [
      {},
      { payee: { id: 'acme-tools' } },
      { order_reference: `${request.order_reference}-2` },
      { amount: request.amount + 1 },
      { currency: 'EUR' },
    ];
    for (const changes of others) {
      const answer = await stage.agent.createPayment({ ...request, ...changes });
      expect(answer.status, answer.bytes.toString()).toBe(201);
    }
    const sameToo = { payee: { id: 'acme-books', name: 'Acme' }, purpose: 'said otherwise' };
    expectProblem(await stage.agent.createPayment({ ...request, ...sameToo }), {
      code: 'possible_duplicate',
    });
  });

  it('sent 100 times at once under 100 keys is charged once', async () => {
    const limit = 7_700_000;
    const { client } = await stage.newAgent({ limits: { lifetime: { USD: limit } } });
    const request = purchase();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => client.createPayment(request)),
    );
    const paid = answers.filter(({ status }) => status === 201);
    expect(paid).toHaveLength(1);
    const winner = paid[0]?.body.id ?? '';
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expectDuplicate(answer, winner);
    }
    const payments = await everyPage(client.payments, { limit: 100 });
    expect(payments).toHaveLength(100);
    const ids = new Set(payments.map(({ id }) => id));
    const charges = (await stage.sandbox.charges()).filter((each) => ids.has(ownerOf(each) ?? ''));
    expect(charges).toHaveLength(1);
    expect(disagreements(charges, payments)).toEqual([]);
    await untilBudget(client, limit, { held: 0, used: request.amount });
  });

  for (const token of ['pm_sandbox_stolen', 'pm_sandbox_insufficient_funds']) {
    it(`goes through at once after a decline (${token})`, async () => {
      const request = purchase({ payment_method: token });
      const declined = await stage.agent.createPayment(request);
      expect(declined.body, declined.bytes.toString()).toMatchObject({ status: 'failed' });
      const visa = { ...request, payment_method: 'pm_sandbox_visa' };
      const paid = await stage.agent.createPayment(visa);
      expect(paid.status, paid.bytes.toString()).toBe(201);
      expect(paid.body).toMatchObject({ status: 'succeeded' });
    });
  }

  it('goes through at once after a refusal by the mandate', async () => {
    const narrow = await stage.newAgent({ limits: { per_payment: { USD: 1_000 } } });
    const wide = await stage.newAgent();
    const request = purchase({ amount: 1_001 });
    expectProblem(await narrow.client.createPayment(request), { code: 'mandate_limit_exceeded' });
    const paid = await wide.client.createPayment(request);
    expect(paid.status, paid.bytes.toString()).toBe(201);
  });

  it('is refused while nobody knows what became of the first one', async () => {
    await stage.heal();
    await stage.sandbox.fault('sandbox_a', { mode: 'timeout_after' });
    const request = purchase();
    const first = await stage.agent.createPayment(request, { prefer: 'wait=1' });
    expect(first.status, first.bytes.toString()).toBe(202);
    expectDuplicate(await stage.agent.createPayment(request), first.body.id);
    await stage.sandbox.heal();
    expect(await stage.concluded(first.body.id)).toMatchObject({ status: 'succeeded' });
    expect(await stage.sandbox.chargesOf(first.body.id)).toMatchObject([{ state: 'captured' }]);
  });

  it('is refused after a kill -9 and a restart as before', async () => {
    const request = purchase();
    const first = await stage.agent.createPayment(request);
    expect(first.status, first.bytes.toString()).toBe(201);
    await stage.bursar.kill9();
    await stage.bursar.start();
    const client = stage.clientOf(stage.bursar.credentials().agent.key);
    expectDuplicate(await client.createPayment(request), first.body.id);
    expect(await stage.sandbox.chargesOf(first.body.id)).toHaveLength(1);
  });
});

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { everyPage, type ApiClient } from '../support/agent.client.js';
import { untilBudget } from '../support/authority.reader.js';
import { disagreements, hasMoney } from '../support/books.judge.js';
import type { PaymentIntent, PaymentRequest } from '../support/contract.types.js';
import { misposted } from '../support/ledger.judge.js';
import { inParallel } from '../support/load.js';
import { expectProblem } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { useStage, type Stage } from '../support/stage.fixture.js';

const AMOUNT = 1_200;
const LIFETIME = 88_000_000;

/** A payment whose money is held and not taken. */
async function held(client: ApiClient, changes: Partial<PaymentRequest> = {}) {
  const request = purchase({ amount: AMOUNT, capture_method: 'manual', ...changes });
  const answer = await client.createPayment(request);
  expect(answer.status, answer.bytes.toString()).toBe(201);
  expect(answer.body.status, answer.bytes.toString()).toBe('requires_capture');
  return answer.body.id;
}

const lawful = (stage: Stage) => stage.newAgent({ limits: { lifetime: { USD: LIFETIME } } });

async function expectBooksAndLedger(stage: Stage, payment: PaymentIntent, captured: number) {
  const charges = await stage.sandbox.chargesOf(payment.id);
  expect(disagreements(charges, [payment], () => captured)).toEqual([]);
  const entries = await everyPage(stage.operator.ledgerEntries, { payment_intent: payment.id });
  expect(misposted(entries, [payment])).toEqual([]);
}

describe('a payment to be captured later', () => {
  const stage = useStage();

  it('holds the money until it is captured', async () => {
    const own = await lawful(stage);
    const request = purchase({ amount: AMOUNT, capture_method: 'manual' });
    const idempotencyKey = randomUUID();
    const answer = await own.client.createPayment(request, { idempotencyKey });
    expect(answer.status, answer.bytes.toString()).toBe(201);
    const { id } = answer.body;
    expect(answer.body).toMatchObject({
      status: 'requires_capture',
      money_state: 'held',
      amount_authorized: AMOUNT,
      amount_captured: 0,
      concluded_at: null,
      failure: null,
    });
    expect(await stage.sandbox.chargesOf(id)).toMatchObject([
      { state: 'authorized', amount: AMOUNT, amount_captured: 0 },
    ]);
    const accounts = await everyPage(stage.operator.ledgerAccounts);
    expect(accounts).toContainEqual(
      expect.objectContaining({ account: `agent:${own.id}:held`, currency: 'USD' }),
    );
    await untilBudget(own.client, LIFETIME, { held: AMOUNT, used: 0 });
    const replay = await own.client.createPayment(request, { idempotencyKey });
    expect(replay.bytes.equals(answer.bytes)).toBe(true);

    const captured = await own.client.capture(id);
    expect(captured.status, captured.bytes.toString()).toBe(200);
    expect(captured.body).toMatchObject({
      id,
      status: 'succeeded',
      money_state: 'moved',
      amount_captured: AMOUNT,
      concluded_at: expect.any(String),
    });
    await expectBooksAndLedger(stage, captured.body, AMOUNT);
    await untilBudget(own.client, LIFETIME, { held: 0, used: AMOUNT });
    const late = await own.client.createPayment(request, { idempotencyKey });
    expect(late.bytes.equals(answer.bytes), 'the first answer stays what it was').toBe(true);
  });

  it('takes a part, lets the rest go, and counts what was taken only', async () => {
    const own = await lawful(stage);
    const id = await held(own.client);
    const captured = await own.client.capture(id, { amount: 500 });
    expect(captured.status, captured.bytes.toString()).toBe(200);
    expect(captured.body).toMatchObject({
      status: 'succeeded',
      amount_authorized: AMOUNT,
      amount_captured: 500,
    });
    await expectBooksAndLedger(stage, captured.body, 500);
    await untilBudget(own.client, LIFETIME, { held: 0, used: 500, remaining: LIFETIME - 500 });
    expectProblem(await own.client.capture(id, { amount: 100 }), { code: 'invalid_transition' });
    expect(await stage.sandbox.chargesOf(id)).toMatchObject([{ amount_captured: 500 }]);
  });

  it('is never captured above what is held, and the refused key stays unused', async () => {
    const id = await held(stage.agent);
    const options = { idempotencyKey: randomUUID() };
    const tooMuch = await stage.agent.capture(id, { amount: AMOUNT + 1 }, options);
    const problem = expectProblem(tooMuch, { code: 'amount_exceeds_capturable' });
    expect(problem.money_state).toBe('held');
    for (const amount of [0, -1, 1.5]) {
      expectProblem(await stage.agent.capture(id, { amount }, options), {
        code: 'validation_failed',
      });
    }
    const captured = await stage.agent.capture(id, { amount: AMOUNT }, options);
    expect(captured.status, captured.bytes.toString()).toBe(200);
    expect(captured.headers['idempotent-replayed']).toBeUndefined();
  });

  it('answers a repeated capture with the same bytes, and another one under its key with 422', async () => {
    const id = await held(stage.agent);
    const options = { idempotencyKey: randomUUID() };
    const first = await stage.agent.capture(id, { amount: 700 }, options);
    expect(first.status, first.bytes.toString()).toBe(200);
    const again = await stage.agent.capture(id, { amount: 700 }, options);
    expect(again.status).toBe(200);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.bytes.equals(first.bytes)).toBe(true);
    expectProblem(await stage.agent.capture(id, { amount: 701 }, options), {
      code: 'idempotency_key_reused',
    });
    expectProblem(await stage.agent.capture(id, {}, { idempotencyKey: null }), {
      code: 'idempotency_key_required',
    });
  });

  it('is captured once, however many ask at the same time', async () => {
    const id = await held(stage.agent);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => stage.agent.capture(id, { amount: 100 })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expectProblem(answer, { code: 'invalid_transition' });
    }
    expect(await stage.sandbox.chargesOf(id)).toMatchObject([
      { state: 'captured', amount_captured: 100 },
    ]);
  });

  it('is either captured or canceled when both are asked for at once, and both are told the same', async () => {
    await inParallel(Array(10).fill(null), 5, async () => {
      const id = await held(stage.agent);
      const answers = await Promise.all([stage.agent.capture(id), stage.agent.cancel(id)]);
      const { status } = await stage.concluded(id);
      const agreed = answers.filter((answer) => answer.status === 200);
      expect(agreed.length, id).toBeGreaterThanOrEqual(1);
      for (const { body } of agreed) expect(body.status, id).toBe(status);
      for (const answer of answers.filter((each) => each.status !== 200)) {
        expectProblem(answer, { code: 'invalid_transition' });
      }
      const charges = await stage.sandbox.chargesOf(id);
      expect(charges.filter(hasMoney)).toHaveLength(status === 'succeeded' ? 1 : 0);
    });
  });

  it('can be captured and canceled by its own agent, canceled by an operator, and by nobody else', async () => {
    const own = await lawful(stage);
    const id = await held(own.client);
    const { client: stranger } = await stage.newAgent();
    for (const answer of [await stranger.capture(id), await stranger.cancel(id)]) {
      expectProblem(answer, { code: 'not_found' });
    }
    for (const person of [stage.approver, stage.auditor]) {
      expectProblem(await person.capture(id), { code: 'forbidden' });
      expectProblem(await person.cancel(id), { code: 'forbidden' });
    }
    expectProblem(await stage.operator.capture(id), { code: 'forbidden' });
    const canceled = await stage.operator.cancel(id);
    expect(canceled.status, canceled.bytes.toString()).toBe(200);
    expect(canceled.body.status).toBe('canceled');
  });

  it('is released when canceled: books, ledger, budget and purchase', async () => {
    const own = await lawful(stage);
    const order_reference = `PO-${randomUUID()}`;
    const id = await held(own.client, { order_reference });
    const options = { idempotencyKey: randomUUID() };
    const canceled = await own.client.cancel(id, options);
    expect(canceled.status, canceled.bytes.toString()).toBe(200);
    expect(canceled.body).toMatchObject({
      status: 'canceled',
      money_state: 'none',
      amount_captured: 0,
      concluded_at: expect.any(String),
    });
    expect(await stage.sandbox.chargesOf(id)).toMatchObject([{ state: 'voided' }]);
    await expectBooksAndLedger(stage, canceled.body, 0);
    await untilBudget(own.client, LIFETIME, { held: 0, used: 0, remaining: LIFETIME });
    const again = await own.client.cancel(id, options);
    expect(again.bytes.equals(canceled.bytes)).toBe(true);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expectProblem(await own.client.cancel(id), { code: 'invalid_transition' });
    expectProblem(await own.client.capture(id), { code: 'invalid_transition' });
    await held(own.client, { order_reference });
  });

  it('cannot be canceled once the money moved or nothing was ever held', async () => {
    const paid = await stage.agent.createPayment(purchase());
    const declined = await stage.agent.createPayment(
      purchase({ payment_method: 'pm_sandbox_stolen' }),
    );
    for (const { body } of [paid, declined]) {
      expectProblem(await stage.agent.cancel(body.id), { code: 'invalid_transition' });
      expectProblem(await stage.agent.capture(body.id), { code: 'invalid_transition' });
    }
    expect(await stage.sandbox.chargesOf(paid.body.id)).toMatchObject([{ state: 'captured' }]);
  });
});

describe('a capture or cancel whose answer never came', () => {
  const stage = useStage();

  for (const mode of ['timeout_after', 'timeout_before', 'error_500_after'] as const) {
    it(`captures once in the end (${mode})`, async () => {
      await stage.heal();
      const own = await lawful(stage);
      const id = await held(own.client);
      await stage.sandbox.fault('sandbox_a', { mode });
      const options = { idempotencyKey: randomUUID(), prefer: 'wait=1' };
      const answer = await own.client.capture(id, { amount: 900 }, options);
      expect(answer.status, answer.bytes.toString()).toBe(202);
      expect((await own.client.payment(id)).body.money_state).toBe('unknown');
      expectProblem(await own.client.capture(id, { amount: 900 }), { code: 'invalid_transition' });
      await stage.sandbox.heal();
      const end = await stage.concluded(id);
      expect(end).toMatchObject({ status: 'succeeded', amount_captured: 900 });
      await expectBooksAndLedger(stage, end, 900);
      const replay = await own.client.capture(id, { amount: 900 }, options);
      expect(replay.status, replay.bytes.toString()).toBe(200);
      expect(replay.body).toMatchObject({ status: 'succeeded', amount_captured: 900 });
      await untilBudget(own.client, LIFETIME, { held: 0, used: 900 });
    });

    it(`lets the money go in the end when canceled (${mode})`, async () => {
      await stage.heal();
      const own = await lawful(stage);
      const id = await held(own.client);
      await stage.sandbox.fault('sandbox_a', { mode });
      const canceled = await own.client.cancel(id, { prefer: 'wait=1' });
      expect(canceled.status, canceled.bytes.toString()).toBe(202);
      await stage.sandbox.heal();
      const end = await stage.concluded(id);
      expect(end).toMatchObject({ status: 'canceled', money_state: 'none' });
      await expectBooksAndLedger(stage, end, 0);
      await untilBudget(own.client, LIFETIME, { held: 0, used: 0 });
    });

    it(`tries nobody else and keeps no money when a payment is canceled while it is unknown (${mode})`, async () => {
      await stage.heal();
      const own = await lawful(stage);
      await stage.sandbox.fault('sandbox_a', { mode });
      const answer = await own.client.createPayment(purchase(), { prefer: 'wait=1' });
      expect(answer.status, answer.bytes.toString()).toBe(202);
      const { id } = answer.body;
      expect(answer.body.money_state).toBe('unknown');
      const canceled = await own.client.cancel(id, { prefer: 'wait=1' });
      // A fence may prove within the second that there is nothing to let go.
      expect([200, 202], canceled.bytes.toString()).toContain(canceled.status);
      await stage.sandbox.heal();
      const end = await stage.concluded(id);
      expect(end.status).toBe('canceled');
      expect(['none', 'returned']).toContain(end.money_state);
      expect((await stage.sandbox.chargesOf(id)).filter(hasMoney)).toEqual([]);
      await expectBooksAndLedger(stage, end, 0);
      const types = await stage.eventTypes(id);
      expect(types.filter((type) => type === 'AttemptStarted')).toHaveLength(1);
      await untilBudget(own.client, LIFETIME, { held: 0, used: end.amount_captured });
    });
  }

  it('gives the money back when a payment is canceled while its capture is unknown', async () => {
    await stage.heal();
    const own = await lawful(stage);
    const id = await held(own.client);
    await stage.sandbox.fault('sandbox_a', { mode: 'timeout_after' });
    const captured = await own.client.capture(id, {}, { prefer: 'wait=1' });
    expect(captured.status, captured.bytes.toString()).toBe(202);
    const canceled = await own.client.cancel(id, { prefer: 'wait=1' });
    expect(canceled.status, canceled.bytes.toString()).toBe(202);
    await stage.sandbox.heal();
    const end = await stage.concluded(id);
    expect(end).toMatchObject({ status: 'canceled', money_state: 'returned' });
    expect((await stage.sandbox.chargesOf(id)).filter(hasMoney)).toEqual([]);
    await expectBooksAndLedger(stage, end, AMOUNT);
    await untilBudget(own.client, LIFETIME, { held: 0, used: AMOUNT });
  });

  it('stays bought when a payment is canceled while its capture is unknown and nobody gives the money back', async () => {
    await stage.heal();
    const own = await lawful(stage);
    const id = await held(own.client, { payment_method: 'pm_sandbox_refund_refused' });
    await stage.sandbox.fault('sandbox_a', { mode: 'timeout_after' });
    expect((await own.client.capture(id, {}, { prefer: 'wait=1' })).status).toBe(202);
    expect((await own.client.cancel(id, { prefer: 'wait=1' })).status).toBe(202);
    await stage.sandbox.heal();
    const end = await stage.concluded(id);
    expect(end).toMatchObject({ status: 'succeeded', money_state: 'moved' });
    await expectBooksAndLedger(stage, end, AMOUNT);
    await untilBudget(own.client, LIFETIME, { held: 0, used: AMOUNT });
  });
});

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { untilBudget } from '../support/authority.reader.js';
import { disagreements } from '../support/books.judge.js';
import type { Answer } from '../support/http.client.js';
import { misposted } from '../support/ledger.judge.js';
import { inParallel } from '../support/load.js';
import { expectProblem } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { useStage, type Stage } from '../support/stage.fixture.js';

const reason = 'the training was cancelled';

/** A payment of 100.00 whose money moved, by the demo agent. */
async function paid(stage: Stage, payment_method = 'pm_sandbox_visa', client = stage.agent) {
  const answer = await client.createPayment(purchase({ amount: 10_000, payment_method }));
  expect(answer.body, answer.bytes.toString()).toMatchObject({ status: 'succeeded' });
  return answer.body.id;
}

/** Books, ledger and the payment tell the same refunded amount, and it is this one. */
async function expectRefunded(stage: Stage, id: string, amount: number): Promise<void> {
  const payment = (await stage.operator.payment(id)).body;
  expect(payment).toMatchObject({
    status: 'succeeded',
    money_state: amount === payment.amount_captured ? 'returned' : 'moved',
    amount_refunded: amount,
  });
  expect(disagreements(await stage.sandbox.chargesOf(id), [payment])).toEqual([]);
  const entries = await everyPage(stage.operator.ledgerEntries, { payment_intent: id });
  expect(misposted(entries, [payment])).toEqual([]);
}

const refundsSettled = (stage: Stage, id: string) =>
  stage.untilPayment(
    id,
    ({ refunds }) => refunds.every(({ status }) => ['succeeded', 'failed'].includes(status)),
    'settled refunds',
  );

const expectTooMuch = (answer: Answer) =>
  expectProblem(answer, { code: 'amount_exceeds_refundable' });

describe('a refund', () => {
  const stage = useStage();

  it('gives back a part and then the rest, and is seen in books, ledger and payment', async () => {
    const limit = 5_500_000;
    const { client } = await stage.newAgent({ limits: { lifetime: { USD: limit } } });
    const id = await paid(stage, 'pm_sandbox_visa', client);
    const part = await client.refund(id, { amount: 4_000, reason });
    expect(part.status, part.bytes.toString()).toBe(201);
    expect(part.body).toMatchObject({
      object: 'refund',
      id: expect.stringMatching(/^rf_/),
      payment_intent: id,
      amount: 4_000,
      currency: 'USD',
      status: 'succeeded',
      reason,
      failure: null,
      created_at: expect.stringMatching(/Z$/),
    });
    await expectRefunded(stage, id, 4_000);
    const rest = await client.refund(id, { reason });
    expect(rest.status, rest.bytes.toString()).toBe(201);
    expect(rest.body).toMatchObject({ amount: 6_000, status: 'succeeded' });
    await expectRefunded(stage, id, 10_000);
    expect((await client.payment(id)).body.refunds).toMatchObject([
      { id: part.body.id, amount: 4_000, status: 'succeeded' },
      { id: rest.body.id, amount: 6_000, status: 'succeeded' },
    ]);
    expectTooMuch(await client.refund(id, { amount: 1, reason }));
    expectTooMuch(await client.refund(id, { reason }));
    await untilBudget(client, limit, { held: 0, used: 10_000 });
  });

  it('above what is left is refused, and its key stays unused', async () => {
    const id = await paid(stage);
    const options = { idempotencyKey: randomUUID() };
    expectTooMuch(await stage.agent.refund(id, { amount: 10_001, reason }, options));
    for (const amount of [0, -5, 0.5]) {
      expectProblem(await stage.agent.refund(id, { amount, reason }, options), {
        code: 'validation_failed',
      });
    }
    const refunded = await stage.agent.refund(id, { amount: 10_000, reason }, options);
    expect(refunded.status, refunded.bytes.toString()).toBe(201);
    expect(refunded.headers['idempotent-replayed']).toBeUndefined();
    await expectRefunded(stage, id, 10_000);
  });

  it('asked for again under its key is the same refund with the same bytes', async () => {
    const id = await paid(stage);
    const options = { idempotencyKey: randomUUID() };
    const ask = () => stage.agent.refund(id, { amount: 3_000, reason }, options);
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(new Set(answers.map(({ bytes }) => bytes.toString())).size).toBe(1);
    const late = await ask();
    expect(late.headers['idempotent-replayed']).toBe('true');
    expect(late.bytes.equals((await ask()).bytes)).toBe(true);
    expectProblem(await stage.agent.refund(id, { amount: 3_001, reason }, options), {
      code: 'idempotency_key_reused',
    });
    await expectRefunded(stage, id, 3_000);
  });

  it('may be asked for by the agent that paid and by an operator, and by nobody else', async () => {
    const id = await paid(stage);
    const { client: stranger } = await stage.newAgent();
    expectProblem(await stranger.refund(id, { reason }), { code: 'not_found' });
    for (const person of [stage.approver, stage.auditor]) {
      expectProblem(await person.refund(id, { reason }), { code: 'forbidden' });
    }
    const refunded = await stage.operator.refund(id, { amount: 100, reason });
    expect(refunded.status, refunded.bytes.toString()).toBe(201);
    await expectRefunded(stage, id, 100);
  });

  it('gives back no more than a part that was captured', async () => {
    const request = purchase({ amount: 10_000, capture_method: 'manual' });
    const { id } = (await stage.agent.createPayment(request)).body;
    expectProblem(await stage.agent.refund(id, { reason }), {
      code: ['invalid_transition', 'amount_exceeds_refundable'],
    });
    expect((await stage.agent.capture(id, { amount: 2_500 })).status).toBe(200);
    expectTooMuch(await stage.agent.refund(id, { amount: 2_501, reason }));
    const refunded = await stage.agent.refund(id, { reason });
    expect(refunded.body, refunded.bytes.toString()).toMatchObject({ amount: 2_500 });
    expect((await stage.agent.payment(id)).body).toMatchObject({
      amount_captured: 2_500,
      amount_refunded: 2_500,
      money_state: 'returned',
    });
  });

  it('of a payment that took no money is refused', async () => {
    const declined = await stage.agent.createPayment(
      purchase({ payment_method: 'pm_sandbox_stolen' }),
    );
    expectProblem(await stage.agent.refund(declined.body.id, { reason }), {
      code: ['invalid_transition', 'amount_exceeds_refundable'],
    });
  });

  it('that the processor decides later counts while it waits, and has come back when it succeeded', async () => {
    const id = await paid(stage, 'pm_sandbox_refund_pending');
    const answer = await stage.agent.refund(id, { amount: 6_000, reason });
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({ status: 'pending', amount: 6_000 });
    expectTooMuch(await stage.agent.refund(id, { amount: 4_001, reason }));
    const end = await refundsSettled(stage, id);
    expect(end.refunds).toMatchObject([{ id: answer.body.id, status: 'succeeded' }]);
    await expectRefunded(stage, id, 6_000);
  });

  it('that failed later takes nothing from what can be refunded', async () => {
    const id = await paid(stage, 'pm_sandbox_refund_fails');
    const answer = await stage.agent.refund(id, { reason });
    expect(answer.body, answer.bytes.toString()).toMatchObject({ status: 'pending' });
    const end = await refundsSettled(stage, id);
    expect(end.refunds).toMatchObject([
      { id: answer.body.id, status: 'failed', failure: { code: expect.stringMatching(/./) } },
    ]);
    await expectRefunded(stage, id, 0);
    const again = await stage.agent.refund(id, { reason });
    expect(again.status, again.bytes.toString()).toBe(201);
    await refundsSettled(stage, id);
    await expectRefunded(stage, id, 0);
  });

  it('that the processor refuses at once is a failed refund', async () => {
    const id = await paid(stage, 'pm_sandbox_refund_refused');
    const answer = await stage.agent.refund(id, { reason });
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({
      status: 'failed',
      failure: { code: expect.stringMatching(/./) },
    });
    await expectRefunded(stage, id, 0);
  });
});

describe('refunds at the same time', () => {
  const stage = useStage({ sandboxApart: true });
  const pairs = Number(process.env['REFUND_PAIRS'] ?? 60);

  it(
    `are never more than was captured: of two of 60 on 100, one (${pairs} pairs)`,
    { timeout: 60_000 + pairs * 1_000 },
    async () => {
      const { client } = await stage.newAgent();
      const ids = await inParallel(Array(pairs).fill(null), 8, async () => {
        const { id } = (await client.createPayment(purchase({ amount: 100 }))).body;
        const answers = await Promise.all([
          client.refund(id, { amount: 60, reason }),
          client.refund(id, { amount: 60, reason }),
        ]);
        expect(answers.map(({ status }) => status).toSorted(), id).toEqual([201, 409]);
        expectTooMuch(answers.find(({ status }) => status === 409) as Answer);
        return id;
      });
      for (const id of ids) await expectRefunded(stage, id, 60);
    },
  );

  it('fill up what was captured to the last cent', async () => {
    const id = await paid(stage);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => stage.agent.refund(id, { amount: 1_000, reason })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    for (const answer of answers.filter(({ status }) => status !== 201)) expectTooMuch(answer);
    await expectRefunded(stage, id, 10_000);
  });
});

describe('a refund whose answer never came', () => {
  const stage = useStage({ sandboxApart: true });

  for (const mode of [
    'timeout_after',
    'timeout_before',
    'error_500_after',
    'error_500_before',
  ] as const) {
    it(`is unknown while it lasts and one refund in the end (${mode})`, async () => {
      await stage.heal();
      const id = await paid(stage);
      await stage.sandbox.fault('sandbox_a', { mode });
      const options = { idempotencyKey: randomUUID(), prefer: 'wait=1' };
      const answer = await stage.agent.refund(id, { amount: 7_000, reason }, options);
      expect(answer.status, answer.bytes.toString()).toBe(202);
      expect((await stage.agent.payment(id)).body).toMatchObject({
        status: 'succeeded',
        money_state: 'unknown',
        amount_refunded: 0,
      });
      expectTooMuch(await stage.agent.refund(id, { amount: 3_001, reason }));
      await stage.sandbox.heal();
      await refundsSettled(stage, id);
      await expectRefunded(stage, id, 7_000);
      const replay = await stage.agent.refund(id, { amount: 7_000, reason }, options);
      expect(replay.status, replay.bytes.toString()).toBe(201);
      expect(replay.body).toMatchObject({ status: 'succeeded', amount: 7_000 });
      await expectRefunded(stage, id, 7_000);
    });
  }

  it('is one refund also when the server was killed meanwhile', async () => {
    await stage.heal();
    const id = await paid(stage);
    await stage.sandbox.fault('sandbox_a', { mode: 'timeout_after' });
    const options = { idempotencyKey: randomUUID(), prefer: 'wait=1' };
    const answer = await stage.agent.refund(id, { amount: 7_000, reason }, options);
    expect(answer.status, answer.bytes.toString()).toBe(202);
    await stage.bursar.kill9();
    await stage.sandbox.heal();
    await stage.bursar.start();
    await refundsSettled(stage, id);
    await expectRefunded(stage, id, 7_000);
    const client = stage.clientOf(stage.bursar.credentials().agent.key);
    const replay = await client.refund(id, { amount: 7_000, reason }, options);
    expect(replay.status, replay.bytes.toString()).toBe(201);
    await expectRefunded(stage, id, 7_000);
  });
});

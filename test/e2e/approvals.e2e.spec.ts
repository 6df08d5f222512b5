import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { everyPage, type PostOptions } from '../support/agent.client.js';
import { untilBudget } from '../support/authority.reader.js';
import type { PaymentRequest } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { useStage, type OwnAgent, type Stage } from '../support/stage.fixture.js';

const LIFETIME = 77_000_000;
const ABOVE = 1_000;
const ASKED = ABOVE + 1;

const asker = (stage: Stage) =>
  stage.newAgent({ limits: { lifetime: { USD: LIFETIME } }, approval: { above: { USD: ABOVE } } });

/** A payment that waits for a human, and all that is needed to ask for it again. */
async function waiting(
  { client }: Pick<OwnAgent, 'client'>,
  changes: Partial<PaymentRequest> = {},
  options: PostOptions = {},
) {
  const request = purchase({ amount: ASKED, ...changes });
  const idempotencyKey = randomUUID();
  const answer = await client.createPayment(request, { idempotencyKey, ...options });
  expect(answer.status, answer.bytes.toString()).toBe(202);
  expect(answer.body.status, answer.bytes.toString()).toBe('requires_approval');
  return { id: answer.body.id, request, idempotencyKey, answer, payment: answer.body };
}

describe('a payment that needs a human to agree', () => {
  const stage = useStage({ sandboxApart: true });

  it('is answered at once and says who is asked, why, and until when', async () => {
    const own = await asker(stage);
    const before = performance.now();
    const { id, answer, payment } = await waiting(own, {}, { prefer: 'wait=30' });
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(answer.headers.location).toBe(`/v1/payment_intents/${id}`);
    expect(payment).toMatchObject({
      money_state: 'none',
      attempts: [],
      concluded_at: null,
      next_action: {
        actor: 'approver',
        type: 'approve',
        url: expect.stringContaining(`/v1/payment_intents/${id}/approve`),
      },
      approval: {
        status: 'requested',
        reasons: [
          {
            source: 'mandate',
            rule: expect.stringContaining('approval.above'),
            detail: expect.stringMatching(/./),
          },
        ],
        fingerprint: expect.stringMatching(/./),
      },
    });
    expect(Date.parse(payment.approval?.expires_at ?? '')).toBeGreaterThan(Date.now() + 3_600_000);
    expect(await stage.sandbox.chargesOf(id)).toEqual([]);
    expect((await own.client.payment(id)).body).toMatchObject({ status: 'requires_approval' });
    expect(await everyPage(own.client.payments, { status: 'requires_approval' })).toMatchObject([
      { id },
    ]);
  });

  it('is one above the amount that the mandate names, not at it', async () => {
    const { client } = await asker(stage);
    const paid = await client.createPayment(purchase({ amount: ABOVE }));
    expect(paid.status, paid.bytes.toString()).toBe(201);
    expect(paid.body).toMatchObject({ status: 'succeeded', approval: null });
  });

  it('is one that a policy asks about', async () => {
    const payee = { id: 'acme-exchange', mcc: '6051' };
    const { payment } = await waiting(await stage.newAgent(), { amount: 100, payee });
    expect(payment.approval?.reasons).toMatchObject([
      { source: 'policy', rule: expect.stringContaining('ask-cash-equivalents') },
    ]);
  });

  it('is one that the fraud screen wants reviewed, and goes on after the review', async () => {
    const { id, payment } = await waiting(await stage.newAgent(), { amount: 1_000_000 });
    expect(payment.approval?.reasons.map(({ source }) => source)).toEqual(['fraud']);
    expect((await stage.approver.approve(id)).status).toBe(200);
    expect(await stage.concluded(id)).toMatchObject({ status: 'succeeded' });
  });

  it('is asked about once, with all reasons', async () => {
    const payee = { id: 'acme-exchange', mcc: '6051' };
    const own = await asker(stage);
    const { id, payment } = await waiting(own, { amount: 1_000_000, payee });
    const sources = payment.approval?.reasons.map(({ source }) => source);
    expect(sources?.toSorted()).toEqual(['fraud', 'mandate', 'policy']);
    expect((await stage.approver.approve(id)).status).toBe(200);
    expect(await stage.concluded(id)).toMatchObject({ status: 'succeeded' });
  });

  it('goes on by itself once approved, and the first request has its answer', async () => {
    const own = await asker(stage);
    const { id, payment, request, idempotencyKey } = await waiting(own);
    await untilBudget(own.client, LIFETIME, { held: ASKED, used: 0 });
    const fingerprint = payment.approval?.fingerprint ?? '';
    const decision = { idempotencyKey: randomUUID() };
    const approved = await stage.approver.approve(id, { fingerprint }, decision);
    expect(approved.status, approved.bytes.toString()).toBe(200);
    expect(approved.body).toMatchObject({ object: 'payment_intent', id });
    expect(await stage.concluded(id)).toMatchObject({
      status: 'succeeded',
      money_state: 'moved',
      amount_captured: ASKED,
      next_action: null,
    });
    expect(await stage.sandbox.chargesOf(id)).toMatchObject([
      { state: 'captured', amount_captured: ASKED },
    ]);
    await untilBudget(own.client, LIFETIME, { held: 0, used: ASKED });

    const again = await stage.approver.approve(id, { fingerprint }, decision);
    expect(again.status).toBe(200);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.bytes.equals(approved.bytes)).toBe(true);
    expectProblem(await stage.approver.approve(id), { code: 'invalid_transition' });
    expectProblem(await stage.approver.deny(id), { code: 'invalid_transition' });
    const replay = await own.client.createPayment(request, { idempotencyKey });
    expect(replay.status, replay.bytes.toString()).toBe(201);
    expect(replay.body).toMatchObject({ id, status: 'succeeded' });
  });

  it('fails when denied, takes nothing, and gives the budget and the purchase back', async () => {
    const own = await asker(stage);
    const { id, request, idempotencyKey } = await waiting(own);
    expectProblem(await own.client.createPayment(request), { code: 'possible_duplicate' });
    const denied = await stage.approver.deny(id, { reason: 'not this quarter' });
    expect(denied.status, denied.bytes.toString()).toBe(200);
    expect(await stage.concluded(id)).toMatchObject({
      status: 'failed',
      money_state: 'none',
      attempts: [],
      failure: { code: 'approval_denied' },
    });
    expect(await stage.sandbox.chargesOf(id)).toEqual([]);
    await untilBudget(own.client, LIFETIME, { held: 0, used: 0, remaining: LIFETIME });

    const replay = await own.client.createPayment(request, { idempotencyKey });
    const problem = expectProblem(replay, { code: 'approval_denied', money_state: 'none' });
    expect(problem.payment_intent).toBe(id);
    expectProblem(await stage.approver.approve(id), { code: 'invalid_transition' });
    const renewed = await own.client.createPayment(request);
    expect(renewed.body, renewed.bytes.toString()).toMatchObject({ status: 'requires_approval' });
  });

  it('can be decided by an approver only, for what that approver saw', async () => {
    const own = await asker(stage);
    const { id } = await waiting(own);
    const other = await waiting(own);
    for (const person of [own.client, stage.operator, stage.auditor]) {
      expectProblem(await person.approve(id), { code: 'forbidden' });
      expectProblem(await person.deny(id), { code: 'forbidden' });
    }
    const nameless = { idempotencyKey: null };
    expectProblem(await stage.approver.approve(id, {}, nameless), {
      code: 'idempotency_key_required',
    });
    expectProblem(await stage.approver.deny(id, {}, nameless), {
      code: 'idempotency_key_required',
    });
    expectProblem(await stage.approver.approve(`pi_${'a'.repeat(26)}`), { code: 'not_found' });
    const fingerprint = other.payment.approval?.fingerprint;
    expectProblem(await stage.approver.approve(id, { fingerprint }), {
      code: 'invalid_transition',
    });
    expect((await own.client.payment(id)).body.status).toBe('requires_approval');
    expect((await stage.approver.approve(id)).status).toBe(200);
    expect(await stage.concluded(id)).toMatchObject({ status: 'succeeded' });
  });

  it('is decided once, however many decide at the same time', async () => {
    const { id } = await waiting(await asker(stage));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? stage.approver.approve(id) : stage.approver.deny(id),
      ),
    );
    const decided = answers.filter(({ status }) => status === 200);
    expect(decided).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expectProblem(answer, { code: 'invalid_transition' });
    }
    const approved = answers.findIndex(({ status }) => status === 200) % 2 === 0;
    const end = await stage.concluded(id);
    expect(end.status).toBe(approved ? 'succeeded' : 'failed');
    expect(await stage.sandbox.chargesOf(id)).toHaveLength(approved ? 1 : 0);
  });

  it('can be canceled by its agent instead', async () => {
    const own = await asker(stage);
    const { id } = await waiting(own);
    const canceled = await own.client.cancel(id);
    expect(canceled.status, canceled.bytes.toString()).toBe(200);
    expect(canceled.body).toMatchObject({ status: 'canceled', money_state: 'none' });
    expectProblem(await stage.approver.approve(id), { code: 'invalid_transition' });
    await untilBudget(own.client, LIFETIME, { held: 0, used: 0 });
  });

  it('is judged again when it goes on: a mandate that was revoked meanwhile pays nothing', async () => {
    const own = await asker(stage);
    const { id } = await waiting(own);
    expect((await stage.operator.revokeMandate(own.mandate ?? '')).status).toBeLessThan(300);
    const approved = await stage.approver.approve(id);
    expect(approved.status, approved.bytes.toString()).toBe(200);
    expect(await stage.concluded(id)).toMatchObject({
      status: 'failed',
      money_state: 'none',
      attempts: [],
      failure: { code: 'mandate_revoked' },
    });
    expect(await stage.eventTypes(id)).not.toContain('AttemptStarted');
    expect(await stage.sandbox.chargesOf(id)).toEqual([]);
    const entries = await stage.operator.ledgerEntries({ payment_intent: id });
    expect(entries.body.data).toEqual([]);
  });

  it('still waits after a kill -9 and a restart, with its budget held', async () => {
    const own = await asker(stage);
    const { id, request, idempotencyKey, payment } = await waiting(own);
    await stage.bursar.kill9();
    await stage.bursar.start();
    const [client, approver] = [own.key, stage.bursar.credentials().approver.key].map((key) =>
      stage.clientOf(key),
    ) as [typeof own.client, typeof own.client];
    expect((await client.payment(id)).body).toMatchObject({
      status: 'requires_approval',
      approval: payment.approval,
    });
    await untilBudget(client, LIFETIME, { held: ASKED });
    expect((await approver.approve(id)).status).toBe(200);
    expect(await stage.concluded(id)).toMatchObject({ status: 'succeeded' });
    const replay = await client.createPayment(request, { idempotencyKey });
    expect(replay.status, replay.bytes.toString()).toBe(201);
    expect(await stage.sandbox.chargesOf(id)).toHaveLength(1);
  });
});

describe('an approval that nobody gives', () => {
  const stage = useStage({ sandboxApart: true, env: { BURSAR_APPROVAL_SECONDS: '2' } });

  const expectExpired = async (own: OwnAgent, asked: Awaited<ReturnType<typeof waiting>>) => {
    expect(await stage.concluded(asked.id)).toMatchObject({
      status: 'failed',
      money_state: 'none',
      attempts: [],
      failure: { code: 'approval_expired' },
    });
    expectProblem(await stage.approver.approve(asked.id), { code: 'invalid_transition' });
    expect(await stage.sandbox.chargesOf(asked.id)).toEqual([]);
    await untilBudget(own.client, LIFETIME, { held: 0, used: 0 });
    const { request, idempotencyKey } = asked;
    const replay = await own.client.createPayment(request, { idempotencyKey });
    expectProblem(replay, { code: 'approval_expired', money_state: 'none' });
  };

  it('ends the payment when its time is over', async () => {
    const own = await asker(stage);
    const asked = await waiting(own);
    await expectExpired(own, asked);
  });

  it('ends it also when the server was dead at that time', async () => {
    const own = await asker(stage);
    const asked = await waiting(own);
    await stage.bursar.kill9();
    const expiresAt = Date.parse(asked.payment.approval?.expires_at ?? '');
    await eventually(Date.now, (now) => now > expiresAt, { what: 'the end of the approval' });
    await stage.bursar.start();
    await expectExpired({ ...own, client: stage.clientOf(own.key) }, asked);
  });
});

import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { disagreements, hasMoney } from '../support/books.judge.js';
import type { PaymentIntent, Problem } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { inParallel } from '../support/load.js';
import { purchase } from '../support/purchase.fixture.js';
import { PROCESSORS, type Fault, type FaultMode } from '../support/sandbox.control.js';
import { seededRandom, seedFrom } from '../support/seeded.random.js';
import { useStage } from '../support/stage.fixture.js';

describe('an answer that never came', () => {
  const stage = useStage();
  beforeEach(() => stage.heal());

  const seenUnknown = (id: string) =>
    eventually(
      async () => (await stage.agent.payment(id)).body,
      ({ money_state }) => money_state === 'unknown',
      { what: `${id} with an unknown money state` },
    );
  const eventTypes = async (id: string) =>
    (await everyPage((query) => stage.auditor.events(id, query))).map(({ type }) => type);

  for (const mode of ['timeout_after', 'error_500_after'] as const) {
    it(`after charging (${mode}) is unknown while it lasts and one charge at sandbox_a in the end`, async () => {
      await stage.sandbox.fault('sandbox_a', { mode });
      const idempotencyKey = randomUUID();
      const request = purchase();
      const options = { idempotencyKey, prefer: 'wait=2' };
      const answer = await stage.agent.createPayment(request, options);
      expect(answer.status, answer.bytes.toString()).toBe(202);
      expect(answer.body).toMatchObject({
        status: 'processing',
        money_state: 'unknown',
        next_action: { poll_after_ms: expect.any(Number) },
      });
      expect(answer.headers.location).toBe(`/v1/payment_intents/${answer.body.id}`);
      const meanwhile = await seenUnknown(answer.body.id);
      expect(meanwhile.status).toBe('processing');
      expect(await eventTypes(answer.body.id)).not.toContain('RequestConcluded');

      await stage.sandbox.heal();
      const end = await stage.concluded(answer.body.id);
      expect(end).toMatchObject({
        status: 'succeeded',
        money_state: 'moved',
        processor: 'sandbox_a',
        amount_captured: request.amount,
        attempts: [{ number: 1, processor: 'sandbox_a', outcome: 'succeeded' }],
      });
      expect(end.attempts, 'nobody else was tried').toHaveLength(1);
      expect(await stage.sandbox.chargesOf(answer.body.id)).toMatchObject([
        { processor: 'sandbox_a', state: 'captured', amount_captured: request.amount },
      ]);
      const replay = await stage.agent.createPayment(request, { idempotencyKey });
      expect(replay.status).toBe(201);
      expect(replay.body).toMatchObject({ id: answer.body.id, status: 'succeeded' });
    });
  }

  for (const mode of ['timeout_before', 'error_500_before'] as const) {
    it(`before charging (${mode}) ends charged once, by the same key or after a proven fence`, async () => {
      await stage.sandbox.fault('sandbox_a', { mode });
      const answer = await stage.agent.createPayment(purchase(), { prefer: 'wait=2' });
      expect([201, 202], answer.bytes.toString()).toContain(answer.status);
      await stage.sandbox.heal();
      const end = await stage.concluded(answer.body.id);
      expect(end).toMatchObject({ status: 'succeeded', money_state: 'moved' });

      const charges = (await stage.sandbox.chargesOf(end.id)).filter(hasMoney);
      expect(charges).toMatchObject([
        { processor: end.processor, state: 'captured', amount_captured: end.amount },
      ]);
      const types = await eventTypes(end.id);
      const starts = types.flatMap((type, place) => (type === 'AttemptStarted' ? [place] : []));
      const fence = types.indexOf('AttemptFenced');
      if (starts.length > 1) {
        expect(fence, 'the next attempt starts after the fence').toBeGreaterThan(starts[0] ?? 0);
        expect(fence).toBeLessThan(starts[1] ?? 0);
        expect(end.attempts[0]?.outcome).toBe('fenced');
      }
    });
  }

  it('is never a reason to ask another processor while nothing is proven', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'timeout_after' });
    const booksBefore = await stage.sandbox.books('sandbox_b');
    const answer = await stage.agent.createPayment(purchase(), { prefer: 'respond-async' });
    await seenUnknown(answer.body.id);
    // Two probes that learnt nothing are time enough for a wrong failover to show.
    await eventually(
      () => eventTypes(answer.body.id),
      (types) => types.filter((type) => type === 'ProbeScheduled').length >= 3,
      { withinMs: 60_000, what: 'three scheduled probes' },
    );
    const types = await eventTypes(answer.body.id);
    expect(types.filter((type) => type === 'AttemptStarted')).toHaveLength(1);
    expect(await stage.sandbox.books('sandbox_b')).toEqual(booksBefore);
    await stage.sandbox.heal();
    expect(await stage.concluded(answer.body.id)).toMatchObject({ status: 'succeeded' });
  });

  it('of a processor without a fence is resolved there and nowhere else', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'refuse' });
    await stage.sandbox.fault('sandbox_b', { mode: 'timeout_after' });
    const answer = await stage.agent.createPayment(purchase(), { prefer: 'wait=2' });
    expect(answer.status, answer.bytes.toString()).toBe(202);
    await seenUnknown(answer.body.id);
    await stage.sandbox.fault('sandbox_a', { mode: 'none' });
    await stage.sandbox.fault('sandbox_b', { mode: 'none' });
    const end = await stage.concluded(answer.body.id);
    expect(end).toMatchObject({ status: 'succeeded', processor: 'sandbox_b' });
    expect((await stage.sandbox.chargesOf(end.id)).filter(hasMoney)).toMatchObject([
      { processor: 'sandbox_b', state: 'captured', amount_captured: end.amount },
    ]);
  });
});

describe('payments under randomly switched faults', () => {
  const stage = useStage();
  const size = Number(process.env['FAULT_PAYMENTS'] ?? 60);
  const seed = seedFrom('FAULT_SEED');
  const modes: FaultMode[] = [
    'none',
    'refuse',
    'blackhole',
    'error_500_before',
    'error_500_after',
    'timeout_before',
    'timeout_after',
    'slow',
  ];

  it(
    `charge nobody twice by the books and leave nothing stuck (${size} payments, FAULT_SEED=${seed})`,
    { timeout: 180_000 + size * 1_000 },
    async () => {
      console.log(`randomly switched faults: FAULT_SEED=${seed} FAULT_PAYMENTS=${size}`);
      const random = seededRandom(seed);
      const { id: agent, client } = await stage.newAgent();
      // What happens to whom is drawn before the run, so that the seed decides it however the payments interleave.
      const plan = Array.from({ length: size }, () => ({
        fault: random.next() < 0.4 ? drawFault() : null,
        processor: random.pick(PROCESSORS),
        request: purchase({
          amount: 100 + Math.floor(random.next() * 900),
          payment_method: random.pick([
            'pm_sandbox_visa',
            'pm_sandbox_visa',
            'pm_sandbox_visa',
            'pm_sandbox_soft_decline_a',
            'pm_sandbox_insufficient_funds',
          ]),
        }),
      }));
      function drawFault(): Fault {
        return {
          mode: random.pick(modes),
          latency_ms: random.pick([0, 20, 300]),
          rate: random.pick([0.5, 1]),
        };
      }

      const ids = await inParallel(plan, 16, async ({ fault, processor, request }) => {
        if (fault) await stage.sandbox.fault(processor, fault);
        const idempotencyKey = randomUUID();
        const answer = await client.createPayment(request, { idempotencyKey, prefer: 'wait=1' });
        expect([201, 202, 503], answer.bytes.toString()).toContain(answer.status);
        if (answer.status !== 503) return answer.body.id;
        return (answer.body as unknown as Problem).payment_intent ?? '';
      });
      expect(new Set(ids).size).toBe(size);

      await stage.sandbox.heal();
      const healed = performance.now();
      const payments = await inParallel(ids, 16, (id) => stage.concluded(id, 60_000));
      const slowestMs = performance.now() - healed;
      console.log(`all concluded ${(slowestMs / 1000).toFixed(1)} s after the faults ended`);

      const charges = await stage.sandbox.charges();
      expect(disagreements(charges, payments), `FAULT_SEED=${seed}`).toEqual([]);
      const listed = await everyPage(stage.operator.payments, { agent });
      expect(byId(listed)).toEqual(byId(payments));
      const attempts = payments.flatMap((payment) => payment.attempts);
      console.log(`outcomes of the attempts: ${JSON.stringify(counted(attempts))}`);
    },
  );
});

function byId(payments: readonly PaymentIntent[]) {
  return payments
    .map(({ id, status, amount_captured }) => ({ id, status, amount_captured }))
    .toSorted((one, other) => one.id.localeCompare(other.id));
}

function counted(attempts: readonly { outcome: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of attempts) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

import { beforeEach, describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { limitsIn } from '../support/authority.reader.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { useStage } from '../support/stage.fixture.js';

describe('failing over', () => {
  const stage = useStage();
  beforeEach(() => stage.heal());

  const breakerOf = async (name: string) =>
    (await stage.operator.processors()).body.data.find((processor) => processor.name === name)
      ?.breaker;
  /** Small payments until the breaker of a broken processor is seen open. */
  const untilOpen = (name: string) =>
    eventually(
      async () => {
        await stage.agent.createPayment(purchase({ amount: 1 }));
        return breakerOf(name);
      },
      (breaker) => breaker === 'open',
      { withinMs: 10_000, what: `an open breaker at ${name}` },
    );

  it('pays through sandbox_b when sandbox_a refuses connections, within a second', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'refuse' });
    const answer = await stage.agent.createPayment(purchase());
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({
      status: 'succeeded',
      money_state: 'moved',
      processor: 'sandbox_b',
      attempts: [
        { number: 1, processor: 'sandbox_a', outcome: 'not_executed' },
        { number: 2, processor: 'sandbox_b', outcome: 'succeeded' },
      ],
    });
    const events = await everyPage((query) => stage.auditor.events(answer.body.id, query));
    const starts = events
      .filter(({ type }) => type === 'AttemptStarted')
      .map(({ recorded_at }) => Date.parse(recorded_at));
    expect(starts).toHaveLength(2);
    const betweenMs = (starts[1] ?? Infinity) - (starts[0] ?? 0);
    console.log(`failover: the second attempt started ${betweenMs} ms after the first`);
    expect(betweenMs).toBeLessThan(1_000);

    expect(await stage.sandbox.chargesOf(answer.body.id)).toMatchObject([
      { processor: 'sandbox_b', state: 'captured', amount_captured: 1200 },
    ]);
  });

  it('opens the breaker of a dead processor, and new payments lose no time on it', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'refuse' });
    await untilOpen('sandbox_a');
    expect(await breakerOf('sandbox_b')).toBe('closed');

    const answer = await stage.agent.createPayment(purchase());
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body.processor).toBe('sandbox_b');
    expect(answer.body.attempts, 'skipped, not attempted').toMatchObject([
      { number: 1, processor: 'sandbox_b', outcome: 'succeeded' },
    ]);
    expect(answer.body.attempts).toHaveLength(1);
    expect(answer.body.decision.route).toEqual([
      { processor: 'sandbox_a', eligible: false, reason: 'breaker_open' },
      { processor: 'sandbox_b', eligible: true, reason: expect.any(String) },
    ]);
    const { rules } = (await stage.agent.explanation(answer.body.id)).body;
    const route = rules.filter(({ source }) => source === 'route');
    expect(JSON.stringify(route)).toContain('breaker_open');
  });

  it('opens the breaker within a second of the first refusal when payments keep coming', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'refuse' });
    const before = performance.now();
    await untilOpen('sandbox_a');
    const openedMs = performance.now() - before;
    console.log(`failover: the breaker was open after ${openedMs.toFixed(0)} ms`);
    expect(openedMs).toBeLessThan(1_000);
  });

  it('goes back to sandbox_a once that works again', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'refuse' });
    await untilOpen('sandbox_a');
    await stage.heal();
    const answer = await stage.agent.createPayment(purchase());
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body.processor).toBe('sandbox_a');
    expect(answer.body.attempts).toHaveLength(1);
  });

  it('charges nothing and says so when both refuse', async () => {
    const { client } = await stage.newAgent({ limits: { lifetime: { USD: 50_000 } } });
    const before = await stage.sandbox.charges();
    await stage.sandbox.fault('sandbox_a', { mode: 'refuse' });
    await stage.sandbox.fault('sandbox_b', { mode: 'refuse' });
    const request = purchase();
    const options = { idempotencyKey: 'both-processors-are-away' };
    const answer = await client.createPayment(request, options);
    const problem = expectProblem(answer, { code: 'no_processor_available', money_state: 'none' });
    expect(problem.retry).toMatchObject({ retryable: true, same_key: false });
    expect(problem.payment_intent).toMatch(/^pi_/);
    const payment = (await client.payment(problem.payment_intent ?? '')).body;
    expect(payment).toMatchObject({
      status: 'failed',
      money_state: 'none',
      amount_captured: 0,
      failure: { code: 'no_processor_available' },
    });

    await stage.heal();
    const again = await client.createPayment(request, options);
    expect(again.bytes.equals(answer.bytes), 'the refusal is the answer of that key').toBe(true);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await stage.sandbox.chargesOf(payment.id)).toEqual([]);
    const charges = await stage.sandbox.charges();
    const known = new Set(before.map(({ reference }) => reference));
    expect(charges.filter(({ reference, amount }) => !known.has(reference) && amount > 1)).toEqual(
      [],
    );
    await eventually(
      async () => limitsIn((await client.authority()).body),
      (limits) => limits.some(({ limit, remaining }) => limit === 50_000 && remaining === 50_000),
      { what: 'the whole budget back' },
    );
  });

  it('takes no money at a processor that accepts connections and never answers, and pays through the other', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'blackhole' });
    const answer = await stage.agent.createPayment(purchase(), { prefer: 'wait=30' });
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({ status: 'succeeded', processor: 'sandbox_b' });
    expect(answer.body.attempts[0]).toMatchObject({
      processor: 'sandbox_a',
      outcome: 'not_executed',
    });
    await stage.heal();
    const charges = await stage.sandbox.chargesOf(answer.body.id);
    expect(charges.filter(({ amount_captured }) => amount_captured > 0)).toMatchObject([
      { processor: 'sandbox_b', state: 'captured' },
    ]);
  });
});

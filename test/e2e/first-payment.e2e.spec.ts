import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import type { PaymentIntent, PaymentRequest, StreamEvent } from '../support/contract.types.js';
import type { Answer } from '../support/http.client.js';
import { isBalanced } from '../support/ledger.judge.js';
import { paymentIdOf, purchase } from '../support/purchase.fixture.js';
import { useStage } from '../support/stage.fixture.js';

const RFC3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

const stage = useStage();

describe('a first payment', () => {
  const key = randomUUID();
  let request: PaymentRequest;
  let answer: Answer<PaymentIntent>;
  let events: StreamEvent[];

  beforeAll(async () => {
    request = purchase({
      amount: 4200,
      payee: {
        id: 'acme-books',
        name: 'Acme Books',
        mcc: '5942',
        country: 'US',
        domain: 'acme.example',
      },
      purpose: 'team training material',
      mandate: stage.bursar.credentials().agent.mandate,
      metadata: { task: 't-19' },
    });
    answer = await stage.agent.createPayment(request, {
      idempotencyKey: key,
      headers: { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` },
    });
    events = await everyPage((query) => stage.auditor.events(answer.body.id, query));
  });

  it('answers 201 with a succeeded payment whose money moved', () => {
    const { agent } = stage.bursar.credentials();
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['idempotent-replayed']).toBeUndefined();
    expect(answer.body).toMatchObject({
      object: 'payment_intent',
      id: expect.stringMatching(/^pi_[a-z2-7]{26}$/),
      status: 'succeeded',
      money_state: 'moved',
      amount: 4200,
      currency: 'USD',
      amount_authorized: 4200,
      amount_captured: 4200,
      amount_refunded: 0,
      agent: agent.id,
      mandate: agent.mandate,
      payee: { id: 'acme-books' },
      order_reference: request.order_reference,
      payment_method: 'pm_sandbox_visa',
      quote: null,
      processor: 'sandbox_a',
      failure: null,
      next_action: null,
      created_at: expect.stringMatching(RFC3339_UTC),
      concluded_at: expect.stringMatching(RFC3339_UTC),
      revision: expect.any(Number),
    });
    expect(Date.parse(answer.body.concluded_at ?? '')).toBeGreaterThanOrEqual(
      Date.parse(answer.body.created_at),
    );
  });

  it('tells its one attempt and the decision behind it', () => {
    expect(answer.body.attempts).toEqual([
      {
        number: 1,
        processor: 'sandbox_a',
        outcome: 'succeeded',
        reference: expect.stringMatching(/./),
        duration_ms: expect.any(Number),
      },
    ]);
    expect(answer.body.decision).toMatchObject({
      policy: 'allow',
      bundle: expect.stringMatching(/./),
      fraud_score: expect.any(Number),
      fraud_verdict: 'allow',
    });
    expect(answer.body.decision.determining.length).toBeGreaterThan(0);
    expect(answer.body.decision.route).toEqual([
      { processor: 'sandbox_a', eligible: true, reason: expect.any(String) },
      { processor: 'sandbox_b', eligible: true, reason: expect.any(String) },
    ]);
  });

  it('has the id that the agent could compute before it asked', () => {
    const credentials = stage.bursar.credentials();
    expect(answer.body.id).toBe(paymentIdOf(credentials, credentials.agent.id, key));
  });

  it('is one captured charge of the same amount in the books, under the reference it tells', async () => {
    expect(await stage.sandbox.chargesOf(answer.body.id)).toEqual([
      expect.objectContaining({
        processor: 'sandbox_a',
        reference: answer.body.attempts[0]?.reference,
        amount: 4200,
        currency: 'USD',
        state: 'captured',
        amount_captured: 4200,
        amount_refunded: 0,
      }),
    ]);
    expect(await stage.sandbox.charges(), 'and it is the only charge at all').toHaveLength(1);
  });

  it('has ledger entries that sum to zero', async () => {
    const entries = await everyPage(stage.operator.ledgerEntries, {
      payment_intent: answer.body.id,
    });
    expect(entries.length).toBeGreaterThanOrEqual(2);
    expect(isBalanced(entries, ({ amount }) => amount)).toBe(true);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    for (const entry of entries) {
      expect(entry).toMatchObject({
        object: 'ledger_entry',
        payment_intent: answer.body.id,
        account: expect.stringMatching(/./),
        currency: 'USD',
        posted_at: expect.stringMatching(RFC3339_UTC),
      });
      expect(Number.isInteger(entry.amount)).toBe(true);
    }
    expect(
      entries.some(({ amount }) => amount === 4200),
      'the captured amount is debited somewhere',
    ).toBe(true);
  });

  it('is told whole and in order by its events', () => {
    const types = events.map(({ type }) => type);
    const story = [
      'PaymentIntentRequested',
      'AttemptStarted',
      'PaymentAuthorized',
      'PaymentCaptured',
      'LedgerPosted',
      'RequestConcluded',
    ];
    const places = story.map((type) =>
      type === 'LedgerPosted' ? types.lastIndexOf(type) : types.indexOf(type),
    );
    expect(places, types.join(' ')).not.toContain(-1);
    expect(places, types.join(' ')).toEqual(places.toSorted((a, b) => a - b));
    expect(types[0]).toBe('PaymentIntentRequested');
    expect(types.filter((type) => type === 'AttemptStarted')).toHaveLength(1);
    expect(types.filter((type) => type === 'PaymentCaptured')).toHaveLength(1);
    expect(events.map(({ revision }) => revision)).toEqual(events.map((_, index) => index));
    for (const [index, event] of events.entries()) {
      expect(event.position).toBeGreaterThan(events[index - 1]?.position ?? -1);
      expect(event.recorded_at).toMatch(RFC3339_UTC);
    }
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('keeps the very bytes it was answered with among its events', () => {
    const concluded = events.filter(({ type }) => type === 'RequestConcluded');
    expect(concluded).toHaveLength(1);
    expect(concluded[0]?.data).toMatchObject({
      status: 201,
      body: answer.bytes.toString('utf8'),
    });
  });

  it('says with every event who caused it, in which flow and by which version of the schema', () => {
    for (const { metadata, type } of events) {
      expect(metadata, type).toMatchObject({
        $correlationId: expect.stringMatching(/./),
        $causationId: expect.stringMatching(/./),
        schemaVersion: expect.any(Number),
        tenant: stage.bursar.credentials().tenant,
        actor: expect.stringMatching(/./),
        traceparent: expect.stringContaining(TRACE_ID),
      });
    }
  });

  it('is the same when it is asked for again, at its revision or a later one', async () => {
    const again = await stage.agent.payment(answer.body.id);
    expect(again.status).toBe(200);
    expect(again.body).toEqual({ ...answer.body, revision: expect.any(Number) });
    expect(again.body.revision).toBeGreaterThanOrEqual(answer.body.revision);
  });

  it('has an explanation that names the rules of every judge', async () => {
    const { status, body } = await stage.agent.explanation(answer.body.id);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'explanation',
      payment_intent: answer.body.id,
      outcome: 'succeeded',
    });
    expect(new Set(body.rules.map(({ source }) => source))).toEqual(
      new Set(['policy', 'mandate', 'fraud', 'route']),
    );
    for (const { rule, result } of body.rules) {
      expect(rule.length).toBeGreaterThan(0);
      expect(result.length).toBeGreaterThan(0);
    }
    const named = body.rules.map(({ rule }) => rule).join(' ');
    for (const determining of answer.body.decision.determining) {
      expect(named).toContain(determining);
    }
    expect(body.sentences.length).toBeGreaterThan(0);
    for (const sentence of body.sentences) expect(sentence).toMatch(/^[A-Z].*\.$/s);
  });
});

describe('payments that end otherwise', () => {
  it('a soft decline everywhere is a concluded, failed payment that both processors refused', async () => {
    const answer = await stage.agent.createPayment(
      purchase({ payment_method: 'pm_sandbox_insufficient_funds' }),
    );
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({
      status: 'failed',
      money_state: 'none',
      amount_captured: 0,
      failure: {
        code: expect.stringMatching(/./),
        category: expect.stringMatching(/./),
        retry: { retryable: expect.any(Boolean), same_key: expect.any(Boolean) },
        remedies: expect.any(Array),
      },
    });
    expect(answer.body.attempts).toMatchObject([
      { number: 1, processor: 'sandbox_a', outcome: 'declined' },
      { number: 2, processor: 'sandbox_b', outcome: 'declined' },
    ]);
    const charges = await stage.sandbox.chargesOf(answer.body.id);
    expect(charges.filter(({ amount_captured }) => amount_captured > 0)).toEqual([]);
  });

  it('a hard decline is not asked about elsewhere', async () => {
    const answer = await stage.agent.createPayment(
      purchase({ payment_method: 'pm_sandbox_stolen' }),
    );
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({ status: 'failed', money_state: 'none' });
    expect(answer.body.attempts).toMatchObject([{ processor: 'sandbox_a', outcome: 'declined' }]);
    expect(answer.body.attempts).toHaveLength(1);
  });

  it('a soft decline at one processor is paid through the other', async () => {
    const answer = await stage.agent.createPayment(
      purchase({ payment_method: 'pm_sandbox_soft_decline_a' }),
    );
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({
      status: 'succeeded',
      money_state: 'moved',
      processor: 'sandbox_b',
      attempts: [
        { number: 1, processor: 'sandbox_a', outcome: 'declined' },
        { number: 2, processor: 'sandbox_b', outcome: 'succeeded' },
      ],
    });
    const charges = await stage.sandbox.chargesOf(answer.body.id);
    expect(charges.filter(({ amount_captured }) => amount_captured > 0)).toMatchObject([
      { processor: 'sandbox_b', state: 'captured', amount_captured: 1200 },
    ]);
  });

  it('a currency without decimals is charged in its own minor unit', async () => {
    const answer = await stage.agent.createPayment(purchase({ amount: 4200, currency: 'JPY' }));
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(await stage.sandbox.chargesOf(answer.body.id)).toMatchObject([
      { amount: 4200, currency: 'JPY', state: 'captured', amount_captured: 4200 },
    ]);
  });

  it('a request that does not want to wait is answered as soon as it is durable', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'slow', latency_ms: 500 });
    const key = randomUUID();
    const request = purchase();
    const options = { idempotencyKey: key, prefer: 'respond-async' };
    const answer = await stage.agent.createPayment(request, options);
    expect(answer.status, answer.bytes.toString()).toBe(202);
    expect(answer.body.status).toBe('processing');
    expect(answer.body.next_action).toMatchObject({
      actor: expect.stringMatching(/./),
      type: expect.stringMatching(/./),
      poll_after_ms: expect.any(Number),
    });
    expect(answer.headers.location).toBe(`/v1/payment_intents/${answer.body.id}`);
    const end = await stage.concluded(answer.body.id);
    expect(end).toMatchObject({ status: 'succeeded', money_state: 'moved' });
    expect(await stage.sandbox.chargesOf(answer.body.id)).toHaveLength(1);
  });

  it('a wait that is too short for a slow processor ends in 202, and the payment goes on', async () => {
    // Both: while no money can have moved, a slow processor is simply passed over.
    await stage.sandbox.fault('sandbox_a', { mode: 'slow', latency_ms: 1500 });
    await stage.sandbox.fault('sandbox_b', { mode: 'slow', latency_ms: 1500 });
    const before = performance.now();
    const answer = await stage.agent.createPayment(purchase(), { prefer: 'wait=1' });
    const waitedMs = performance.now() - before;
    expect(answer.status, answer.bytes.toString()).toBe(202);
    expect(waitedMs).toBeGreaterThan(900);
    expect(answer.headers.location).toBe(`/v1/payment_intents/${answer.body.id}`);
    expect(await stage.concluded(answer.body.id)).toMatchObject({ status: 'succeeded' });
    expect(await stage.sandbox.chargesOf(answer.body.id)).toHaveLength(1);
  });
});

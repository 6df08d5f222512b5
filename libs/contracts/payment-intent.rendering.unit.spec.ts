import { describe, expect, it } from 'vitest';
import { type Failure, type MandateCheck, type PaymentIntentEvent, failure } from '#domain';
import { renderExplanation } from './explanation.rendering.js';
import {
  AT,
  CALL,
  ID,
  MIDNIGHT,
  REQUEST,
  answered,
  authorized,
  failed,
  fold,
  fraud,
  judged,
  mandate,
  paid,
  policy,
  probe,
  requested,
  route,
  started,
  unknown,
} from './payment-intent.fixture.js';
import { PaymentIntentRequest } from './payment-intent-request.dto.js';
import { renderAnswer, renderPaymentIntent } from './payment-intent.rendering.js';
import type { Remedy } from './problems.js';
import { validateRequest } from './validation.js';

const limit = (changes: Partial<MandateCheck>): MandateCheck => ({
  rule: 'window.day',
  result: 'failed',
  currency: 'USD',
  limit: 50_000,
  used: 48_000,
  held: 0,
  requested: 3500,
  remaining: 2000,
  resetsAt: MIDNIGHT,
  ...changes,
});
const overLimit = (...checks: MandateCheck[]) =>
  answered([
    requested,
    policy,
    fraud(),
    mandate('refused', checks),
    failed(failure('mandate_limit_exceeded', 'Too much.')),
  ]);

describe('a payment', () => {
  it('that succeeded is the resource of the contract, member by member', () => {
    const { status, body } = answered(paid);
    expect(status).toBe(201);
    expect(body).toEqual({
      object: 'payment_intent',
      id: `pi_${ID}`,
      status: 'succeeded',
      money_state: 'moved',
      amount: 3500,
      currency: 'USD',
      amount_authorized: 3500,
      amount_captured: 3500,
      amount_refunded: 0,
      capture_method: 'automatic',
      agent: 'agt_a',
      mandate: 'mnd_a',
      payee: { id: 'acme-books', name: 'Acme' },
      order_reference: 'PO-1',
      payment_method: 'pm_sandbox_visa',
      quote: null,
      processor: 'sandbox_a',
      attempts: [
        {
          number: 1,
          processor: 'sandbox_a',
          outcome: 'succeeded',
          reference: 'ch_1',
          duration_ms: 41,
        },
      ],
      refunds: [],
      disputes: [],
      reservation: null,
      approval: null,
      decision: {
        policy: 'allow',
        bundle: 'default@1',
        determining: ['small-purchases'],
        mandate: 'reserved',
        fraud_score: 12,
        fraud_verdict: 'allow',
        route: [
          { processor: 'sandbox_a', eligible: true, reason: 'available' },
          { processor: 'sandbox_b', eligible: false, reason: 'breaker_open' },
        ],
      },
      failure: null,
      next_action: null,
      created_at: AT,
      concluded_at: AT,
      revision: paid.length - 1,
    });
  });

  it('gives the same bytes for the same events', () => {
    expect(renderAnswer(fold(structuredClone(paid)))).toEqual(renderAnswer(fold(paid)));
  });

  it('that runs says when to look again, and who is waited for', () => {
    expect(renderPaymentIntent(fold([requested]))).toMatchObject({
      status: 'processing',
      money_state: 'none',
      decision: null,
      next_action: { actor: 'none', type: 'wait', poll_after_ms: 250 },
    });
    const running = [...judged, route, started, unknown, probe(1), probe(2)];
    expect(renderPaymentIntent(fold(running))).toMatchObject({
      money_state: 'unknown',
      processor: 'sandbox_a',
      attempts: [{ outcome: 'unknown' }],
      next_action: { actor: 'none', poll_after_ms: 1000 },
    });
    const parked: PaymentIntentEvent = {
      type: 'PaymentParked',
      data: { number: 1, reason: 'authorize_unknown_past_safe_retry', at: AT },
    };
    expect(renderPaymentIntent(fold([...running, parked]))).toMatchObject({
      status: 'processing',
      money_state: 'unknown',
      next_action: { actor: 'operator', poll_after_ms: expect.any(Number) },
    });
  });

  it('that was declined is concluded, with the words of the processor apart', () => {
    const decline = { code: 'stolen_card', category: 'hard', message: 'Call\u0000 us' } as const;
    const { status, body } = answered([
      ...judged,
      route,
      started,
      { type: 'AttemptDeclined', data: { number: 1, ...decline, durationMs: 9, at: AT } },
      failed({ ...failure('payment_declined', 'Declined by sandbox_a.'), decline }),
    ]);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'failed',
      money_state: 'none',
      processor: null,
      attempts: [{ outcome: 'declined', reference: null, duration_ms: 9 }],
    });
    expect(body['failure']).toEqual({
      code: 'payment_declined',
      category: 'processor',
      detail: 'Declined by sandbox_a.',
      retry: { retryable: false, same_key: false },
      remedies: [],
      decline: { code: 'stolen_card', category: 'hard' },
      untrusted: { processor_message: 'Call us' },
    });
  });

  it('that fraud stopped after authorization is concluded; before any attempt it is a problem', () => {
    const blocked = failure('fraud_blocked', 'The screen said block.');
    const after = answered([
      ...judged,
      route,
      started,
      authorized,
      fraud({ stage: 'capture', verdict: 'block' }),
      {
        type: 'VoidStarted',
        data: { number: 1, failure: blocked, call: CALL, sender: 's', at: AT },
      },
      { type: 'AuthorizationVoided', data: { number: 1, amountMinor: 3500, at: AT } },
      failed(blocked),
    ]);
    expect(after).toMatchObject({
      status: 201,
      body: {
        status: 'failed',
        money_state: 'none',
        attempts: [{ outcome: 'voided' }],
        failure: { code: 'fraud_blocked', category: 'risk' },
      },
    });
    const before = answered([requested, policy, fraud({ verdict: 'block' }), failed(blocked)]);
    expect(before).toMatchObject({
      status: 403,
      body: {
        code: 'fraud_blocked',
        money_state: 'none',
        payment_intent: `pi_${ID}`,
        instance: '/v1/payment_intents',
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    });
  });

  it('that no processor executed is 503, with and without attempts', () => {
    const nobody = failed(failure('no_processor_available', 'Nobody.'));
    const expected = {
      status: 503,
      body: {
        code: 'no_processor_available',
        money_state: 'none',
        payment_intent: `pi_${ID}`,
        retry: { retryable: true, same_key: false, after_ms: 5000 },
      },
    };
    expect(answered([...judged, route, nobody])).toMatchObject(expected);
    const refused: PaymentIntentEvent = {
      type: 'AttemptNotExecuted',
      data: { number: 1, evidence: 'connection_refused', durationMs: 1, at: AT },
    };
    expect(answered([...judged, route, started, refused, nobody])).toMatchObject(expected);
  });

  it('that is refused on record never says that the same key could help', () => {
    const { status, body } = answered([
      requested,
      failed(failure('agent_suspended', 'The agent is suspended.')),
    ]);
    expect(status).toBe(403);
    expect(body['retry']).toEqual({ retryable: false, same_key: false });
  });

  it('that looks like an earlier one of its agent names that one and how to go on', () => {
    const earlier = `pi_${'b'.repeat(26)}`;
    const known = `pi_${'c'.repeat(26)}`;
    const reason: Failure = {
      ...failure('possible_duplicate', 'Already bought.'),
      violations: [
        {
          pointer: '/order_reference',
          rule: 'distinct_purchase',
          payment_intent: earlier,
          resets_at: MIDNIGHT,
        },
      ],
    };
    const request = { ...REQUEST, distinct_from: [known] };
    const asked: PaymentIntentEvent = {
      type: 'PaymentIntentRequested',
      data: { ...requested.data, request },
    };
    const { status, body } = answered([asked, failed(reason)]);
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: 'possible_duplicate',
      payment_intent: earlier,
      money_state: 'none',
      retry: { retryable: true, same_key: false },
    });
    const remedies = body['remedies'] as Remedy[];
    expect(remedies[0]).toEqual({
      type: 'fetch',
      actor: 'agent',
      url: `/v1/payment_intents/${earlier}`,
    });
    const patch = remedies.flatMap((remedy) => ('patch' in remedy ? remedy.patch : []));
    expect(patch).toEqual([{ op: 'add', path: '/distinct_from', value: [known, earlier] }]);
    const mended = { ...request, distinct_from: patch[0]?.value };
    expect(validateRequest(PaymentIntentRequest, mended).ok).toBe(true);
  });

  it('that looks like one of another agent tells only when that is none any more', () => {
    const reason: Failure = {
      ...failure('possible_duplicate', 'Already bought.'),
      violations: [{ pointer: '/order_reference', rule: 'distinct_purchase', resets_at: MIDNIGHT }],
    };
    const { status, body } = answered([requested, failed(reason)]);
    expect(status).toBe(409);
    expect(body).toMatchObject({
      payment_intent: `pi_${ID}`,
      remedies: [{ type: 'wait', actor: 'agent', until: MIDNIGHT }],
    });
    const shown = renderPaymentIntent(fold([requested, failed(reason)]));
    expect(shown).toMatchObject({ status: 'failed', failure: { code: 'possible_duplicate' } });
  });
});

describe('a reached limit', () => {
  it('is told with its figures, a smaller amount that fits, and when to come again', () => {
    const { status, body } = overLimit(limit({}));
    expect(status).toBe(403);
    expect(body).toMatchObject({
      violations: [
        {
          pointer: '/amount',
          rule: 'window.day',
          limit: 50_000,
          used: 48_000,
          held: 0,
          requested: 3500,
          remaining: 2000,
          resets_at: MIDNIGHT,
        },
      ],
      remedies: [
        {
          type: 'modify_request',
          actor: 'agent',
          patch: [{ op: 'replace', path: '/amount', value: 2000 }],
        },
        { type: 'wait', actor: 'agent', until: MIDNIGHT },
      ],
      retry: { retryable: true, same_key: false, after_ms: 12 * 3_600_000 },
    });
  });

  it('is mended by an amount within every limit, also those that were not in the way', () => {
    const { body } = overLimit(
      limit({}),
      limit({
        rule: 'lifetime',
        result: 'passed',
        remaining: 1700,
        resetsAt: null,
        requested: 1500,
      }),
      { rule: 'approval.above', result: 'asked', limit: 1400, requested: 1500 },
    );
    expect((body['remedies'] as Remedy[])[0]).toMatchObject({ patch: [{ value: 1700 }] });
  });

  it('of a count, or without room, leaves only waiting', () => {
    const count = {
      rule: 'window.hour.count',
      currency: null,
      limit: 7,
      requested: 1,
      remaining: 0,
    };
    for (const checks of [[limit({ result: 'passed' }), limit(count)], [limit({ remaining: 0 })]])
      expect(overLimit(...checks).body['remedies']).toEqual([
        { type: 'wait', actor: 'agent', until: MIDNIGHT },
      ]);
  });

  it('that never begins anew, or is too small for ever, is not waited for', () => {
    const lifetime = overLimit(limit({ rule: 'lifetime', remaining: 0, resetsAt: null })).body;
    expect(lifetime).toMatchObject({ remedies: [], retry: { retryable: false, same_key: false } });
    const small = overLimit(limit({ limit: 3000, remaining: 1000 })).body;
    expect(small['remedies']).toMatchObject([{ type: 'modify_request' }]);
    expect(small['retry']).toEqual({ retryable: true, same_key: false });
  });

  it('is waited for until the last of the violated windows begins anew', () => {
    const later = '2026-12-01T00:00:00.000Z';
    const { body } = overLimit(limit({}), limit({ rule: 'window.month', resetsAt: later }));
    expect(body['remedies']).toMatchObject([{}, { type: 'wait', until: later }]);
  });
});

describe('an explanation', () => {
  it('lists every rule in the order it was looked at, with versions, and tells it in sentences', () => {
    const explanation = renderExplanation(paid) as {
      rules: { source: string; rule: string }[];
      sentences: string[];
    };
    expect(explanation).toMatchObject({
      object: 'explanation',
      payment_intent: `pi_${ID}`,
      outcome: 'succeeded',
      versions: { policy_bundle: 'default@1', fraud_provider: 'rules@1' },
    });
    expect(explanation.rules.map(({ source, rule }) => `${source} ${rule}`)).toEqual([
      'policy small-purchases',
      'fraud amount',
      'fraud screen.authorization',
      'mandate mandate.active',
      'route sandbox_a',
      'route sandbox_b',
      'fraud amount',
      'fraud screen.capture',
    ]);
    expect(explanation.rules[5]).toEqual({
      source: 'route',
      rule: 'sandbox_b',
      result: 'skipped',
      reason: 'breaker_open',
    });
    for (const sentence of explanation.sentences) expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(explanation.sentences.at(-1)).toBe('The payment succeeded.');
  });

  it('names the limit in the way with its figures, in data and in words', () => {
    const explanation = renderExplanation([
      requested,
      policy,
      mandate('refused', [limit({})]),
      failed(failure('mandate_limit_exceeded', 'Too much.')),
    ]) as { rules: object[]; sentences: string[] };
    expect(explanation.rules[1]).toEqual({
      source: 'mandate',
      mandate: 'mnd_a',
      rule: 'window.day',
      result: 'failed',
      currency: 'USD',
      limit: 50_000,
      used: 48_000,
      held: 0,
      requested: 3500,
      remaining: 2000,
      resets_at: MIDNIGHT,
    });
    expect(explanation.sentences).toContain(
      'Rule window.day allows 50000 USD, of which 48000 were used and 0 held, and 3500 were requested.',
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpTransportError, type HttpResponse } from '#platform';
import type { AttemptOrder } from '../processor.port.js';
import {
  authorizeOutcomeOf,
  captureOutcomeOf,
  fenceOutcomeOf,
  fenceStepOf,
  lookUpAnswerOf,
  outcomeOfTransportError,
  prepareOutcomeOf,
  provisionOutcomeOf,
  refundLookUpOutcomeOf,
  refundOutcomeOf,
  voidOutcomeOf,
} from './stripe.mapping.js';
import {
  answered,
  failed,
  ORDER,
  REFUND_ORDER,
  unexpectedState,
  wireActionRequired,
  wireCanceled,
  wireCaptured,
  wireCardError,
  wireCharge,
  wireDeclined,
  wireIntent,
  wireRefund,
  type Wire,
} from './stripe.fixture.js';

const SUCCEEDED = { kind: 'succeeded', reference: 'pi_1', amountMinor: 4_200, currency: 'EUR' };
const DECLINED = {
  kind: 'declined',
  category: 'soft',
  code: 'insufficient_funds',
  message: 'Your card has insufficient funds.',
};
const unknown = (evidence: string) => ({ kind: 'unknown', evidence });
const notExecuted = (evidence: string) => ({ kind: 'not_executed', evidence });
const unproven = (evidence: string) => ({ state: 'unproven', evidence });
const fenced = (evidence: string) => ({ kind: 'fenced', evidence });

/** What is not the intent that was meant. */
const STRANGERS: readonly (readonly [string, Wire, string])[] = [
  ['another reference', { id: 'pi_2' }, 'echo_mismatch'],
  ['another key', { metadata: { attempt_key: 'abc-2' } }, 'echo_mismatch'],
  ['no key', { metadata: {} }, 'echo_mismatch'],
  ['another currency', { currency: 'usd' }, 'amount_mismatch'],
];

/** Answers that prove nothing, whatever was asked. */
const NO_PROOF: readonly (readonly [HttpResponse, string])[] = [
  [answered(500, {}), 'http_500'],
  [answered(500, { error: { type: 'api_error', message: 'stored' } }), 'http_500'],
  [answered(502, '<html>bad gateway</html>'), 'http_502'],
  [answered(302, ''), 'http_302'],
  [failed(409, { code: 'idempotency_key_in_use' }), 'http_409:idempotency_key_in_use'],
  [failed(400, { type: 'idempotency_error' }), 'http_400:idempotency_error'],
  [failed(429, { code: 'lock_timeout' }), 'http_429:lock_timeout'],
  [answered(200, 'not JSON'), 'unreadable_answer'],
  [answered(200, '123'), 'unreadable_answer'],
  [answered(200, 'null'), 'unreadable_answer'],
  [answered(200, []), 'unreadable_answer'],
  [answered(200, wireIntent({ amount: 42.5 })), 'unreadable_answer'],
  [answered(200, wireIntent({ amount: '4200' })), 'unreadable_answer'],
];

/** Given before anything was executed. */
const REJECTED: readonly (readonly [HttpResponse, string])[] = [
  [failed(400, { code: 'parameter_missing' }), 'http_400:parameter_missing'],
  [failed(401, {}), 'http_401'],
  [failed(403, { code: 'testmode_charges_only' }), 'http_403:testmode_charges_only'],
  [failed(404, { code: 'resource_missing' }), 'http_404:resource_missing'],
  [failed(429, { code: 'rate_limit' }), 'http_429:rate_limit'],
  [failed(400, { code: 'Not a Code!' }), 'http_400'],
];

describe('the answer to the creation of an intent', () => {
  const created = (changes: Wire = {}) =>
    answered(
      200,
      wireIntent({ status: 'requires_confirmation', amount_capturable: 0, ...changes }),
    );
  const order = { ...ORDER, reference: undefined };

  it('gives the reference when everything is echoed', () => {
    expect(prepareOutcomeOf(order, created())).toEqual({ kind: 'prepared', reference: 'pi_1' });
  });

  it.each([
    [created({ amount: 4_201 }), 'amount_mismatch'],
    [created({ metadata: {} }), 'echo_mismatch'],
    [created({ status: 'requires_capture' }), 'unexpected_status'],
    [answered(200, '{'), 'unreadable_answer'],
    [answered(500, {}), 'http_500'],
    [failed(400, { code: 'resource_missing', param: 'customer' }), 'http_400:resource_missing'],
    [
      failed(404, { code: 'resource_missing', param: 'payment_method' }),
      'http_404:resource_missing',
    ],
  ])('moves no money, so anything else was not executed (%#)', (response, evidence) => {
    expect(prepareOutcomeOf(order, response)).toEqual(notExecuted(evidence));
  });

  it('is a soft decline when the payment method is none of this account’s', () => {
    const missing = failed(400, { code: 'resource_missing', param: 'payment_method' });
    expect(prepareOutcomeOf(order, missing)).toEqual({
      kind: 'declined',
      category: 'soft',
      code: 'unknown_payment_method',
    });
  });

  it('can be a decline', () => {
    const response = answered(402, { error: wireCardError({ decline_code: 'lost_card' }) });
    expect(prepareOutcomeOf(order, response)).toMatchObject({
      category: 'hard',
      code: 'lost_card',
    });
  });
});

describe('the answer to a confirmation', () => {
  const outcomeOf = (response: HttpResponse) => authorizeOutcomeOf(ORDER, response);

  it('succeeded when the whole amount is held', () => {
    expect(outcomeOf(answered(200, wireIntent()))).toEqual(SUCCEEDED);
  });

  it.each([
    ['normal', 'authorized', 7, { score: 7, verdict: 'allow', level: 'normal' }],
    ['elevated', 'authorized', 66, { score: 66, verdict: 'review', level: 'elevated' }],
    ['normal', 'manual_review', undefined, { score: null, verdict: 'review', level: 'normal' }],
    ['highest', 'authorized', 101, { score: null, verdict: 'block', level: 'highest' }],
    ['highest', 'manual_review', 99, { score: 99, verdict: 'block', level: 'highest' }],
  ])('tells what Radar thinks: %s, %s', (risk_level, type, risk_score, risk) => {
    const latest_charge = wireCharge({ outcome: { risk_level, type, risk_score } });
    const outcome = outcomeOf(answered(200, wireIntent({ latest_charge })));
    expect(outcome).toEqual({ ...SUCCEEDED, risk });
  });

  it.each(['not_assessed', 'unknown', 'Odd Words', undefined])(
    'says nothing of a risk that is %s',
    (risk_level) => {
      const latest_charge = wireCharge({ outcome: { risk_level, type: 'authorized' } });
      expect(outcomeOf(answered(200, wireIntent({ latest_charge })))).toEqual(SUCCEEDED);
    },
  );

  it('sends the buyer to 3-D Secure', () => {
    expect(outcomeOf(answered(200, wireActionRequired()))).toEqual({
      kind: 'action_required',
      reference: 'pi_1',
      url: 'https://hooks.stripe.example/3d',
    });
  });

  it.each(['javascript:alert(1)', 'no address', 7, `https://x.example/${'x'.repeat(2_000)}`])(
    'sends the buyer nowhere but to an address: %s',
    (url) => {
      const next_action = { type: 'redirect_to_url', redirect_to_url: { url } };
      expect(outcomeOf(answered(200, wireActionRequired({ next_action })))).toEqual(
        unknown('action_without_url'),
      );
    },
  );

  it('is a decline when Stripe says so, and the decline code tells which', () => {
    const error = wireCardError({ payment_intent: wireDeclined() });
    expect(outcomeOf(answered(402, { error }))).toEqual({ ...DECLINED, reference: 'pi_1' });
  });

  it('is a decline by its code where there is no decline code', () => {
    const error = wireCardError({ code: 'expired_card', decline_code: undefined });
    expect(outcomeOf(answered(402, { error }))).toMatchObject({
      kind: 'declined',
      category: 'hard',
      code: 'expired_card',
    });
  });

  it.each([
    [{ type: 'card_error' }, 'http_402'],
    [{ type: 'api_error', code: 'card_declined' }, 'http_402:card_declined'],
    [wireCardError({ payment_intent: wireDeclined({ id: 'pi_2' }) }), 'echo_mismatch'],
    [wireCardError({ payment_intent: wireDeclined({ amount: 1 }) }), 'amount_mismatch'],
  ])('is no decline without a reason, or about another intent (%#)', (error, evidence) => {
    expect(outcomeOf(answered(402, { error }))).toEqual(unknown(evidence));
  });

  it.each(STRANGERS)('is unknown with %s', (_, changes, evidence) => {
    expect(outcomeOf(answered(200, wireIntent(changes)))).toEqual(unknown(evidence));
  });

  it.each([
    [{ amount: 4_201 }, 'amount_mismatch'],
    [{ amount_capturable: 4_199 }, 'amount_mismatch'],
    [{ status: 'processing' }, 'processing'],
    [{ status: 'succeeded' }, 'unexpected_status'],
    [{ status: 'requires_payment_method' }, 'unexpected_status'],
    [{ status: 'a_new_one' }, 'unexpected_status'],
  ])('is unknown with %j', (changes, evidence) => {
    expect(outcomeOf(answered(200, wireIntent(changes)))).toEqual(unknown(evidence));
  });

  it.each(NO_PROOF)('is unknown without proof (%#)', (response, evidence) => {
    expect(outcomeOf(response)).toEqual(unknown(evidence));
  });

  it.each(REJECTED)('was not executed when it was rejected (%#)', (response, evidence) => {
    expect(outcomeOf(response)).toEqual(notExecuted(evidence));
  });

  it.each([
    [wireCanceled(), fenced('payment_intent_canceled')],
    [wireCanceled({ latest_charge: wireCharge() }), fenced('hold_released')],
    [wireIntent(), SUCCEEDED],
    [wireDeclined(), { ...DECLINED, reference: 'pi_1' }],
    [wireCaptured(), unknown('http_400:payment_intent_unexpected_state')],
    [wireIntent({ status: 'processing' }), unknown('http_400:payment_intent_unexpected_state')],
    [wireCanceled({ id: 'pi_2' }), unknown('echo_mismatch')],
  ])('that comes too late shows the intent as it is (%#)', (intent, outcome) => {
    expect(outcomeOf(unexpectedState(intent))).toEqual(outcome);
  });
});

describe('the answer to a capture', () => {
  const outcomeOf = (response: HttpResponse, order = ORDER) => captureOutcomeOf(order, response);

  it('succeeded when what was taken is what was meant, a part or all', () => {
    expect(outcomeOf(answered(200, wireCaptured()))).toEqual(SUCCEEDED);
    const part = answered(200, wireCaptured({ amount_received: 1_000 }));
    expect(outcomeOf(part, { ...ORDER, amountMinor: 1_000 })).toEqual({
      ...SUCCEEDED,
      amountMinor: 1_000,
    });
  });

  it.each<readonly [Wire, string]>([
    [wireCaptured({ amount_received: 4_199 }), 'amount_mismatch'],
    [wireIntent(), 'unexpected_status'],
    ...STRANGERS.map(([, changes, evidence]) => [wireCaptured(changes), evidence] as const),
  ])('is unknown otherwise (%#)', (intent, evidence) => {
    expect(outcomeOf(answered(200, intent))).toEqual(unknown(evidence));
  });

  it.each([
    unexpectedState(wireCanceled()),
    unexpectedState(wireDeclined()),
    failed(400, { code: 'charge_expired_for_capture' }),
    failed(400, { code: 'capture_charge_authorization_expired' }),
    answered(402, {
      error: wireCardError({ payment_intent: wireCanceled({ latest_charge: 'ch_1' }) }),
    }),
  ])('is declined for good when the hold is gone (%#)', (response) => {
    expect(outcomeOf(response)).toMatchObject({ kind: 'declined', category: 'hard' });
  });

  it.each([
    [unexpectedState(wireCaptured()), unknown('http_400:payment_intent_unexpected_state')],
    [unexpectedState(wireCanceled({ id: 'pi_2' })), unknown('echo_mismatch')],
    [answered(402, { error: wireCardError() }), unknown('http_402:card_declined')],
    [
      answered(402, { error: wireCardError({ payment_intent: wireIntent() }) }),
      unknown('http_402:card_declined'),
    ],
    [unexpectedState(wireIntent()), notExecuted('http_400:payment_intent_unexpected_state')],
    [failed(400, { code: 'amount_too_large' }), notExecuted('http_400:amount_too_large')],
  ])('proves no more than it says (%#)', (response, outcome) => {
    expect(outcomeOf(response)).toEqual(outcome);
  });

  it.each(NO_PROOF)('is unknown without proof (%#)', (response, evidence) => {
    expect(outcomeOf(response)).toEqual(unknown(evidence));
  });

  it.each(REJECTED)('was not executed when it was rejected (%#)', (response, evidence) => {
    expect(outcomeOf(response)).toEqual(notExecuted(evidence));
  });
});

describe('the answer to a void', () => {
  const outcomeOf = (response: HttpResponse) => voidOutcomeOf(ORDER, response);

  it('succeeded when nothing is held any more, whoever let go of it', () => {
    expect(outcomeOf(answered(200, wireCanceled()))).toEqual(SUCCEEDED);
    expect(outcomeOf(unexpectedState(wireCanceled()))).toEqual(SUCCEEDED);
  });

  it.each([
    [unexpectedState(wireCaptured()), notExecuted('http_400:payment_intent_unexpected_state')],
    [unexpectedState(wireCanceled({ metadata: {} })), unknown('echo_mismatch')],
    [answered(200, wireIntent()), unknown('unexpected_status')],
    [answered(200, wireCanceled({ amount: 1 })), unknown('amount_mismatch')],
  ])('proves no more than it says (%#)', (response, outcome) => {
    expect(outcomeOf(response)).toEqual(outcome);
  });

  it.each(NO_PROOF)('is unknown without proof (%#)', (response, evidence) => {
    expect(outcomeOf(response)).toEqual(unknown(evidence));
  });
});

describe('a look before a fence', () => {
  const stepOf = (response: HttpResponse) => fenceStepOf(ORDER, response);

  it.each([
    [wireIntent({ status: 'requires_confirmation' }), 'cancelable'],
    [wireActionRequired(), 'cancelable'],
    [wireIntent({ status: 'requires_payment_method' }), 'cancelable'],
    [wireDeclined(), { ...DECLINED, reference: 'pi_1' }],
    [wireIntent(), SUCCEEDED],
    [wireCaptured(), SUCCEEDED],
    [wireCanceled(), fenced('payment_intent_canceled')],
    [wireCanceled({ latest_charge: wireCharge() }), fenced('hold_released')],
    [
      wireCanceled({ latest_charge: wireCharge({ status: 'failed' }) }),
      fenced('payment_intent_canceled'),
    ],
    [wireIntent({ status: 'processing' }), unknown('processing')],
    [wireIntent({ status: 'a_new_one' }), unknown('unexpected_status')],
    [wireIntent({ amount_capturable: 1 }), unknown('amount_mismatch')],
    [wireCaptured({ amount_received: 1 }), unknown('amount_mismatch')],
    [wireIntent({ amount: 1 }), unknown('amount_mismatch')],
  ])('lets only what holds nothing be canceled (%#)', (intent, step) => {
    expect(stepOf(answered(200, intent))).toEqual(step);
  });

  it.each([...NO_PROOF, ...REJECTED])('proves nothing by failing (%#)', (response, evidence) => {
    expect(stepOf(response)).toEqual(unknown(evidence));
  });

  it('is a fence only when the cancellation shows that it is canceled', () => {
    const waiting = answered(200, wireIntent({ status: 'requires_confirmation' }));
    expect(fenceOutcomeOf(ORDER, waiting)).toEqual(unknown('unexpected_status'));
    expect(fenceOutcomeOf(ORDER, answered(200, wireCanceled())).kind).toBe('fenced');
  });
});

describe('a look-up', () => {
  const answerOf = (response: HttpResponse, order = ORDER) => lookUpAnswerOf(order, response);
  const fact = { reference: 'pi_1', amountMinor: 4_200, currency: 'EUR' };

  it.each<readonly [Wire, Wire]>([
    [wireIntent(), { state: 'authorized', ...fact }],
    [wireCaptured(), { state: 'captured', ...fact }],
    [wireCaptured({ amount_received: 1_000 }), { state: 'captured', ...fact, amountMinor: 1_000 }],
    [wireCanceled({ latest_charge: wireCharge() }), { state: 'voided', ...fact }],
    [
      wireActionRequired(),
      { state: 'action_required', reference: 'pi_1', url: 'https://hooks.stripe.example/3d' },
    ],
    [
      wireDeclined(),
      {
        ...{ state: 'declined', category: 'soft', code: 'insufficient_funds' },
        message: 'Your card has insufficient funds.',
      },
    ],
    [wireCanceled(), unproven('canceled')],
    [wireCanceled({ latest_charge: 'ch_1' }), unproven('canceled')],
    [wireIntent({ status: 'requires_confirmation' }), unproven('unconfirmed')],
    [wireIntent({ status: 'requires_payment_method' }), unproven('unconfirmed')],
    [wireIntent({ status: 'processing' }), unproven('processing')],
    [wireActionRequired({ next_action: null }), unproven('action_without_url')],
    [wireIntent({ amount_capturable: 4_201 }), unproven('holds_more')],
    [wireIntent({ amount_capturable: 4_199 }), unproven('amount_mismatch')],
    [wireCaptured({ amount: 9, amount_received: 8 }), unproven('amount_mismatch')],
    ...STRANGERS.map(([, changes, evidence]) => [wireIntent(changes), unproven(evidence)] as const),
  ])('tells the state of the intent (%#)', (intent, answer) => {
    expect(answerOf(answered(200, intent))).toEqual(answer);
  });

  it('proves nothing by not finding it', () => {
    expect(answerOf(failed(404, { code: 'resource_missing' }))).toEqual(unproven('not_found'));
  });

  it.each(NO_PROOF)('proves nothing by failing (%#)', (response, evidence) => {
    expect(answerOf(response)).toEqual(unproven(evidence));
  });
});

describe('the answer to a refund', () => {
  const outcomeOf = (response: HttpResponse) => refundOutcomeOf(REFUND_ORDER, response);
  const done = { ...SUCCEEDED, reference: 're_1' };

  it.each([
    [{}, done],
    [{ payment_intent: { id: 'pi_1' } }, done],
    [{ status: 'pending' }, { kind: 'accepted', reference: 're_1' }],
    [{ status: 'requires_action' }, { kind: 'accepted', reference: 're_1' }],
    [
      { status: 'failed', failure_reason: 'lost_or_stolen_card' },
      { kind: 'declined', category: 'hard', code: 'lost_or_stolen_card', reference: 're_1' },
    ],
    [
      { status: 'canceled' },
      { kind: 'declined', category: 'hard', code: 'refund_canceled', reference: 're_1' },
    ],
    [{ status: 'a_new_one' }, unknown('unexpected_status')],
    [{ amount: 4_199 }, unknown('amount_mismatch')],
    [{ currency: 'usd' }, unknown('amount_mismatch')],
    [{ payment_intent: 'pi_2' }, unknown('echo_mismatch')],
    [{ payment_intent: null }, unknown('echo_mismatch')],
    [{ metadata: { refund_key: 'abc-1-r2' } }, unknown('echo_mismatch')],
    [{ object: 'charge' }, unknown('unreadable_answer')],
  ])('says what became of it: %j', (changes, outcome) => {
    expect(outcomeOf(answered(200, wireRefund(changes)))).toEqual(outcome);
  });

  it.each([
    [{ code: 'charge_already_refunded' }, 'charge_already_refunded'],
    [{ code: 'charge_disputed' }, 'charge_disputed'],
    [{ code: 'refund_disputed_payment' }, 'refund_disputed_payment'],
    [{ param: 'amount' }, 'refused_amount'],
    [{ param: 'payment_intent' }, 'refused_payment_intent'],
  ])('is declined for good with %j', (error, code) => {
    expect(outcomeOf(failed(400, { ...error, message: 'No.' }))).toEqual({
      ...{ kind: 'declined', category: 'hard', code, message: 'No.' },
    });
  });

  it.each(REJECTED)('was not executed when it was rejected (%#)', (response, evidence) => {
    expect(outcomeOf(response)).toEqual(notExecuted(evidence));
  });

  it.each(NO_PROOF.filter(([{ status }]) => status !== 200))(
    'is unknown without proof (%#)',
    (response, evidence) => expect(outcomeOf(response)).toEqual(unknown(evidence)),
  );

  const found = (...refunds: Wire[]) =>
    refundLookUpOutcomeOf(REFUND_ORDER, answered(200, { object: 'list', data: refunds }));

  it('is found by its key among the refunds of the charge', () => {
    const other = wireRefund({ id: 're_2', metadata: { refund_key: 'abc-1-r2' } });
    expect(found(other, wireRefund())).toEqual(done);
    expect(found(other)).toEqual(unknown('not_found'));
    expect(found()).toEqual(unknown('not_found'));
    expect(found(wireRefund(), wireRefund({ id: 're_3' }))).toEqual(unknown('ambiguous'));
  });

  it('is found by its reference, and by no other', () => {
    const refund = { key: 'abc-1-r1', reference: 're_1' };
    const asked = (response: HttpResponse) =>
      refundLookUpOutcomeOf({ ...REFUND_ORDER, refund }, response);
    expect(asked(answered(200, wireRefund()))).toEqual(done);
    expect(asked(answered(200, wireRefund({ id: 're_2' })))).toEqual(unknown('echo_mismatch'));
    expect(asked(failed(404, {}))).toEqual(unknown('not_found'));
    expect(asked(answered(500, {}))).toEqual(unknown('http_500'));
  });
});

describe('the answer to a new payment method', () => {
  it.each([
    [
      answered(200, { object: 'payment_method', id: 'pm_1' }),
      { kind: 'provisioned', token: 'pm_1' },
    ],
    [
      answered(200, { object: 'payment_method', id: 'p m' }),
      { kind: 'failed', evidence: 'unreadable_answer' },
    ],
    [answered(200, '[]'), { kind: 'failed', evidence: 'unreadable_answer' }],
    [
      answered(402, { error: { type: 'card_error', code: 'incorrect_number', message: 'Wrong.' } }),
      { kind: 'declined', code: 'incorrect_number', message: 'Wrong.' },
    ],
    [
      failed(400, { code: 'parameter_missing' }),
      { kind: 'failed', evidence: 'http_400:parameter_missing' },
    ],
    [answered(500, {}), { kind: 'failed', evidence: 'http_500' }],
  ])('is a token, a no, or nothing (%#)', (response, outcome) => {
    expect(provisionOutcomeOf(response)).toEqual(outcome);
  });
});

describe('no answer at all', () => {
  it.each([
    [new HttpTransportError('not_sent', 'connection_refused'), notExecuted('connection_refused')],
    [new HttpTransportError('sent', 'connection_reset'), unknown('connection_reset')],
    [new Error('whatever'), unknown('connector_failed')],
  ])('proves non-execution only when nothing was sent (%#)', (error, outcome) => {
    expect(outcomeOfTransportError(error)).toEqual(outcome);
  });
});

describe('words of others', () => {
  it('are short, without control characters, and without the number of a card', () => {
    const message = `Card 4242 4242 4242 4242,\u0007 4242-4242-4242-4242 ${'x'.repeat(999)}`;
    const outcome = authorizeOutcomeOf(ORDER, answered(402, { error: wireCardError({ message }) }));
    const words = 'message' in outcome ? (outcome.message ?? '') : '';
    expect(words).toMatch(/^Card \[number\],  \[number\] x+$/);
    expect(words.length).toBeLessThanOrEqual(300);
  });
});

describe('whatever Stripe answers', () => {
  const scalars = fc.oneof(
    fc.constantFrom(...['pi_1', 'pi_2', 'abc-1', 'eur', 'usd', 'requires_capture', 'succeeded']),
    fc.constantFrom(...['canceled', 'requires_payment_method', 'card_error', 'payment_intent']),
    fc.constantFrom(...[4_200, 4_199, 0, -1, 4_200.5, null, true, '', '4200', 1e300]),
  );
  const field = fc.constantFrom(
    ...['id', 'object', 'amount', 'amount_capturable', 'amount_received', 'currency', 'metadata'],
    ...['status', 'last_payment_error', 'latest_charge', 'next_action'],
  );
  const changes = fc.dictionary(field, fc.oneof(scalars, fc.object({ maxDepth: 2 })), {
    maxKeys: 4,
  });
  const base = fc.constantFrom(
    ...[wireIntent(), wireCaptured(), wireCanceled(), wireDeclined(), wireActionRequired()],
  );
  const intent = fc.tuple(base, changes).map(([wire, changed]) => ({ ...wire, ...changed }));
  const error = fc.record(
    {
      type: fc.constantFrom('card_error', 'invalid_request_error', 'idempotency_error', 7),
      code: fc.constantFrom('card_declined', 'payment_intent_unexpected_state', 'lock_timeout', ''),
      decline_code: fc.constantFrom('do_not_honor', 'lost_card', null),
      payment_intent: intent,
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    { weight: 4, arbitrary: intent.map((wire) => JSON.stringify(wire)) },
    { weight: 3, arbitrary: error.map((wire) => JSON.stringify({ error: wire })) },
    { weight: 1, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.string() },
  );
  const status = fc.constantFrom(200, 200, 200, 201, 302, 400, 401, 402, 404, 409, 429, 500, 503);

  /** The intent that the answer is about, wherever it stands. */
  function echoOf(text: string): Wire | undefined {
    const value = JSON.parse(text) as Wire & { error?: { payment_intent?: Wire } };
    return value.error?.payment_intent ?? value;
  }

  function expectEcho(order: AttemptOrder, text: string, amount: 'held' | 'taken' | 'all'): void {
    const echo = echoOf(text) ?? {};
    const said = { held: echo.amount_capturable, taken: echo.amount_received, all: echo.amount };
    expect([echo.id, echo.currency, (echo.metadata as Wire).attempt_key, said[amount]]).toEqual([
      ...[order.reference, 'eur', order.key, order.amountMinor],
    ]);
  }

  it('never throws, and is a success only with an equal echo', () => {
    let successes = 0;
    fc.assert(
      fc.property(status, body, (code, text) => {
        const response = { status: code, headers: {}, body: text };
        const authorized = authorizeOutcomeOf(ORDER, response);
        const captured = captureOutcomeOf(ORDER, response);
        const voided = voidOutcomeOf(ORDER, response);
        const looked = fenceStepOf(ORDER, response);
        if (authorized.kind === 'succeeded') expectEcho(ORDER, text, 'held');
        if (captured.kind === 'succeeded') expectEcho(ORDER, text, 'taken');
        if (voided.kind === 'succeeded') expectEcho(ORDER, text, 'all');
        if (looked !== 'cancelable' && looked.kind === 'fenced') {
          expect(echoOf(text)).toMatchObject({ id: 'pi_1', status: 'canceled' });
        }
        if (code >= 500) {
          for (const { kind } of [authorized, captured, voided]) expect(kind).toBe('unknown');
        }
        successes +=
          Number(authorized.kind === 'succeeded') + Number(captured.kind === 'succeeded');
        lookUpAnswerOf(ORDER, response);
        prepareOutcomeOf(ORDER, response);
        provisionOutcomeOf(response);
        const refunded = refundOutcomeOf(REFUND_ORDER, response);
        expect(refunded.kind).not.toBe('succeeded');
        refundLookUpOutcomeOf(REFUND_ORDER, response);
      }),
      { numRuns: 10_000 },
    );
    expect(successes).toBeGreaterThan(100);
  });

  it('is a refund only with an equal echo', () => {
    const names = ['id', 'object', 'amount', 'currency', 'payment_intent', 'metadata', 'status'];
    const changed = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(scalars, fc.constantFrom('re_1', { refund_key: 'abc-1-r1' }, { refund_key: 'x' })),
      { maxKeys: 2 },
    );
    let successes = 0;
    fc.assert(
      fc.property(changed, fc.boolean(), (wireChanges, listed) => {
        const wire = wireRefund(wireChanges);
        const body = listed ? { object: 'list', data: [wire] } : wire;
        const read = listed ? refundLookUpOutcomeOf : refundOutcomeOf;
        if (read(REFUND_ORDER, answered(200, body)).kind !== 'succeeded') return;
        successes += 1;
        expect(wire).toMatchObject({
          ...{ object: 'refund', amount: 4_200, currency: 'eur', payment_intent: 'pi_1' },
          ...{ metadata: { refund_key: 'abc-1-r1' }, status: 'succeeded' },
        });
      }),
      { numRuns: 5_000 },
    );
    expect(successes).toBeGreaterThan(100);
  });
});

import { describe, expect, it } from 'vitest';
import { isBalanced } from '../money/postings.js';
import type { PaymentIntentCommand } from './payment-intent.commands.js';
import {
  AT,
  HARD,
  NOT_EXECUTED,
  ONE_STEP,
  PAID,
  PREPARED,
  REQUEST,
  SOFT,
  SUCCEEDED,
  TWO_STEP,
  UNPARK,
  after,
  authorize,
  capture,
  decideCapture,
  decider,
  fraud,
  judge,
  only,
  prepare,
  processor,
  route,
  tell,
  types,
} from './payment-intent.fixture.js';
import { moneyState } from './payment-intent.state.js';

describe('a request', () => {
  it('is recorded as it came, before anything else', () => {
    const told = after(REQUEST);
    const { type: _type, nowMs: _nowMs, ...asked } = REQUEST;
    expect(told.events).toEqual([{ type: 'PaymentIntentRequested', data: { ...asked, at: AT } }]);
    expect(told.state).toMatchObject({ status: 'processing', amountMinor: 4200, currency: 'USD' });
    expect(moneyState(told.state)).toBe('none');
  });

  it('that comes again with its keys in another order is the same one', () => {
    const request = Object.fromEntries(Object.entries(REQUEST.request).reverse());
    expect(tell(after(REQUEST), { ...REQUEST, request }).events).toEqual([]);
  });

  it('that differs under the same key is refused with pointers to the difference', () => {
    const request = { ...REQUEST.request, amount: 1, payee: { id: 'other' } };
    expect(decider.decide({ ...REQUEST, request }, after(REQUEST).state)).toEqual({
      ok: false,
      code: 'idempotency_key_reused',
      details: { pointers: ['/amount', '/payee/id'] },
    });
  });

  it('that was never made knows no other command', () => {
    for (const command of [judge(), authorize(SUCCEEDED), decideCapture(), UNPARK]) {
      const decision = decider.decide(command, decider.initial());
      expect(decision).toMatchObject({ ok: false, code: 'not_found' });
    }
  });
});

describe('a judgement', () => {
  it('is recorded with its reasons and starts the first attempt in the same append', () => {
    const told = after(REQUEST, judge());
    expect(types(told)).toEqual([
      'PolicyDecided',
      'FraudScreened',
      'MandateDecided',
      'RouteChosen',
      'AttemptStarted',
    ]);
    expect(only(told, 'AttemptStarted')).toMatchObject({
      number: 1,
      processor: 'one',
      key: 'abc-1',
      amountMinor: 4200,
      currency: 'USD',
      keySafeUntil: '2026-03-02T12:00:00.000Z',
      sender: 'saga-1',
    });
  });

  it('that refuses ends the payment with its reason and frees what may be reserved', () => {
    const refusal = { code: 'policy_denied', detail: 'no', violations: [], decline: null };
    const told = after(REQUEST, { ...judge(), fraud: null, mandate: null, refusal });
    expect(types(told)).toEqual(['PolicyDecided', 'PaymentFailed', 'RequestConcluded']);
    expect(only(told, 'PaymentFailed')).toMatchObject({
      failure: refusal,
      mandate: 'mnd_1',
      spentMinor: 0,
    });
  });

  it('frees budget and purchase whoever refused: a judgement that comes again must not leave anything behind', () => {
    const refusal = { code: 'mandate_limit_exceeded', detail: '', violations: [], decline: null };
    const mandate = { mandate: 'mnd_1', decision: 'refused', code: null, rules: [] } as const;
    const told = after(REQUEST, { ...judge(), mandate, refusal });
    expect(only(told, 'PaymentFailed')).toMatchObject({
      mandate: 'mnd_1',
      purchase: 'purchase-1',
      spentMinor: 0,
    });
  });

  it('without a reservation never lets money move', () => {
    const told = after(REQUEST, { ...judge(), mandate: null });
    expect(only(told, 'PaymentFailed').failure.code).toBe('mandate_required');
    expect(types(told)).not.toContain('AttemptStarted');
  });

  it('skips processors that cannot take the payment now, with the reason, and counts them as no attempt', () => {
    const processors = [
      processor('down', { breaker: 'open' }),
      processor('yen', { currencies: ['JPY'] }),
      processor('weak', { breaker: 'half_open' }),
    ];
    const told = after(REQUEST, judge({ processors }));
    expect(only(told, 'RouteChosen').candidates).toEqual([
      { processor: 'down', eligible: false, reason: 'breaker_open' },
      { processor: 'yen', eligible: false, reason: 'currency_not_supported' },
      { processor: 'weak', eligible: true, reason: 'available' },
    ]);
    expect(only(told, 'AttemptStarted')).toMatchObject({ number: 1, processor: 'weak' });
  });

  it('with no processor left fails the payment without an attempt', () => {
    const told = after(REQUEST, judge({ processors: [processor('one', { breaker: 'open' })] }));
    expect(only(told, 'PaymentFailed').failure.code).toBe('no_processor_available');
    expect(told.state.attempts).toEqual([]);
  });
});

describe('a payment', () => {
  it('at a one-step processor is authorized, screened again, captured, booked and concluded', () => {
    expect(types(after(...PAID.slice(0, 3)))).toEqual(['PaymentAuthorized', 'LedgerPosted']);
    expect(types(after(...PAID.slice(0, 4)))).toEqual(['FraudScreened', 'CaptureStarted']);
    const told = after(...PAID);
    expect(types(told)).toEqual([
      'PaymentCaptured',
      'LedgerPosted',
      'PaymentSucceeded',
      'RequestConcluded',
    ]);
    expect(only(told, 'PaymentSucceeded')).toMatchObject({ mandate: 'mnd_1', spentMinor: 4200 });
    expect(told.state).toMatchObject({
      status: 'succeeded',
      amountAuthorizedMinor: 4200,
      amountCapturedMinor: 4200,
      heldMinor: 0,
      pending: null,
    });
  });

  it('at a two-step processor has its reference on record before money can move', () => {
    const asked = [REQUEST, judge({ processors: TWO_STEP })];
    expect(moneyState(after(...asked).state)).toBe('none');
    const prepared = after(...asked, prepare(PREPARED));
    expect(only(prepared, 'AttemptPrepared').call).toMatchObject({
      processor: 'one',
      key: 'abc-1',
      reference: 'ch_1',
      amountMinor: 4200,
    });
    expect(moneyState(prepared.state)).toBe('unknown');
    const done = after(
      ...asked,
      prepare(PREPARED),
      authorize(SUCCEEDED),
      decideCapture(),
      capture(SUCCEEDED),
    );
    expect(done.state.status).toBe('succeeded');
  });

  it('says what is known about the money at every step', () => {
    const states = PAID.map((_, index) => moneyState(after(...PAID.slice(0, index + 1)).state));
    expect(states).toEqual(['none', 'unknown', 'held', 'unknown', 'moved']);
  });

  it('is concluded once, with the bytes of the rendered final state and the revision of the answer itself', () => {
    const told = after(...PAID);
    const body = '{"id":"abc","status":"succeeded","revision":13,"failure":null}';
    expect(only(told, 'RequestConcluded')).toEqual({ status: 201, body, at: AT });
    expect(told.state).toMatchObject({ revision: 13, answer: { status: 201, body } });
  });

  it('is booked so that held money returns to zero and what was spent is owed to the payee', () => {
    const events = PAID.flatMap((_, index) => after(...PAID.slice(0, index + 1)).events);
    const postings = events.flatMap((e) => (e.type === 'LedgerPosted' ? e.data.postings : []));
    const balances = new Map<string, number>();
    for (const { account, amountMinor } of postings)
      balances.set(account, (balances.get(account) ?? 0) + amountMinor);
    expect(isBalanced(postings)).toBe(true);
    expect(Object.fromEntries(balances)).toEqual({
      'processor:one:held': 0,
      'agent:agt_1:held': 0,
      'agent:agt_1:spent': 4200,
      'processor:one:clearing': -4200,
    });
  });
});

describe('a definite answer', () => {
  const SECOND = [REQUEST, judge(), authorize(SOFT), route()];

  it.each([
    ['a soft decline', SOFT, 'AttemptDeclined'],
    ['a call that was not executed', NOT_EXECUTED, 'AttemptNotExecuted'],
  ])('%s goes on at the next processor at once', (_, outcome, type) => {
    const ended = after(REQUEST, judge(), authorize(outcome));
    expect(types(ended)).toEqual([type, 'RouteRequested']);
    const told = tell(ended, route());
    expect(types(told)).toEqual(['RouteChosen', 'AttemptStarted']);
    expect(only(told, 'AttemptStarted')).toMatchObject({
      number: 2,
      processor: 'two',
      key: 'abc-2',
    });
    expect(only(told, 'RouteChosen').candidates[0]).toMatchObject({ reason: 'already_attempted' });
  });

  it('a hard decline ends the payment', () => {
    const told = after(REQUEST, judge(), authorize(HARD));
    expect(types(told)).toEqual(['AttemptDeclined', 'PaymentFailed', 'RequestConcluded']);
    expect(only(told, 'PaymentFailed').failure).toMatchObject({
      code: 'payment_declined',
      decline: { code: 'stolen_card', category: 'hard', message: null },
    });
    expect(moneyState(told.state)).toBe('none');
  });

  it('a lost preparation moved no money and goes on at the next processor', () => {
    const lost = after(
      REQUEST,
      judge({ processors: TWO_STEP }),
      prepare({ kind: 'not_executed', evidence: 'timeout' }),
    );
    expect(types(lost)).toEqual(['AttemptNotExecuted', 'RouteRequested']);
    const told = tell(lost, route({ processors: TWO_STEP }));
    expect(types(told)).toEqual(['RouteChosen', 'AttemptStarted']);
  });

  it('soft from every processor fails the payment with the last decline', () => {
    const second = { ...SOFT, code: 'do_not_honor' };
    const told = after(...SECOND, authorize(second, { number: 2 }), route());
    expect(only(told, 'PaymentFailed').failure).toMatchObject({
      code: 'payment_declined',
      decline: { code: 'do_not_honor' },
    });
  });

  it('a decline says more than a processor that could not be reached after it', () => {
    const told = after(...SECOND, authorize(NOT_EXECUTED, { number: 2 }), route());
    expect(only(told, 'PaymentFailed').failure.code).toBe('payment_declined');
  });

  it('"not executed" from every processor means that none is available', () => {
    const told = after(
      REQUEST,
      judge(),
      authorize(NOT_EXECUTED),
      route(),
      authorize(NOT_EXECUTED, { number: 2 }),
      route(),
    );
    expect(only(told, 'PaymentFailed').failure.code).toBe('no_processor_available');
  });
});

describe('a repeat', () => {
  const flows: Record<string, readonly PaymentIntentCommand[]> = {
    'of a one-step payment': PAID,
    'of a two-step payment': [
      REQUEST,
      judge({ processors: TWO_STEP }),
      prepare(PREPARED),
      authorize(SUCCEEDED),
      decideCapture(),
      capture(SUCCEEDED),
    ],
    'of a failover': [
      REQUEST,
      judge(),
      authorize(SOFT),
      route(),
      authorize(SUCCEEDED, { number: 2 }),
    ],
    'of a decline': [REQUEST, judge(), authorize(HARD)],
  };
  it.each(Object.entries(flows))('%s changes nothing, whichever command comes again', (_, flow) => {
    flow.forEach((_command, index) => {
      const told = after(...flow.slice(0, index + 1));
      for (const earlier of flow.slice(0, index + 1))
        expect([earlier.type, tell(told, earlier).events]).toEqual([earlier.type, []]);
    });
  });

  it('by another judge who disagrees changes nothing', () => {
    const refusal = { code: 'fraud_blocked', detail: '', violations: [], decline: null };
    const again = { ...judge({ processors: ONE_STEP }), fraud: fraud('authorization'), refusal };
    expect(tell(after(REQUEST, judge()), again).events).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  NOT_EXECUTED,
  REQUEST,
  RESERVING,
  SOFT,
  SUCCEEDED,
  after,
  authorize,
  capture,
  decideCapture,
  judge,
  letGo,
  merchant,
  only,
  processor,
  route,
  tell,
  types,
} from './payment-intent.fixture.js';
import { moneyState } from './payment-intent.state.js';

const WITHDRAWN = ['agent_suspended', 'mandate_revoked'] as const;
const FAILED_OVER = [REQUEST, judge(), authorize(SOFT)];

describe('a possible duplicate', () => {
  const refusal = { code: 'possible_duplicate', detail: '', violations: [], decline: null };

  it('starts nothing, and lets go of whatever a judgement of it may still claim or reserve', () => {
    const told = after(REQUEST, judge({}, { mandate: null, refusal }));
    expect(only(told, 'PaymentFailed')).toMatchObject({
      failure: refusal,
      mandate: 'mnd_1',
      purchase: 'purchase-1',
    });
    expect(told.state.attempts).toEqual([]);
  });
});

describe('the choice of a processor', () => {
  it('is asked for with what is needed to know whether the agent still may pay', () => {
    expect(only(after(...FAILED_OVER), 'RouteRequested')).toMatchObject({
      tenant: 'tnt_1',
      agent: 'agt_1',
      mandate: 'mnd_1',
      currency: 'USD',
    });
  });

  it('sees the processors as they are then, not as they were', () => {
    const processors = [processor('one'), processor('two', { breaker: 'open' }), processor('new')];
    const told = after(...FAILED_OVER, route({ processors }));
    expect(only(told, 'RouteChosen').candidates).toEqual([
      { processor: 'one', eligible: false, reason: 'already_attempted' },
      { processor: 'two', eligible: false, reason: 'breaker_open' },
      { processor: 'new', eligible: true, reason: 'available' },
    ]);
    expect(only(told, 'AttemptStarted')).toMatchObject({ number: 2, processor: 'new' });
  });

  it('that finds none ends the payment with what is known about the attempts', () => {
    const declined = after(...FAILED_OVER, route({ processors: [] }));
    expect(only(declined, 'PaymentFailed').failure.code).toBe('payment_declined');
    const nobody = after(REQUEST, judge(), authorize(NOT_EXECUTED), route({ processors: [] }));
    expect(only(nobody, 'PaymentFailed').failure.code).toBe('no_processor_available');
    expect(types(nobody)).toEqual(['RouteChosen', 'PaymentFailed', 'RequestConcluded']);
  });

  it('is made once, and only when one is asked for', () => {
    const told = after(...FAILED_OVER, route());
    expect(tell(told, route()).events).toEqual([]);
    for (const early of [after(REQUEST), after(REQUEST, judge())])
      expect(tell(early, route()).events).toEqual([]);
  });
});

describe('the kill switch', () => {
  it.each(WITHDRAWN)('stops a failover: %s fails without another attempt', (authority) => {
    const told = after(...FAILED_OVER, route({ authority }));
    expect(types(told)).toEqual(['PaymentFailed', 'RequestConcluded']);
    expect(only(told, 'PaymentFailed')).toMatchObject({
      failure: { code: authority },
      mandate: 'mnd_1',
      purchase: 'purchase-1',
      spentMinor: 0,
    });
    expect(moneyState(told.state)).toBe('none');
  });

  it.each(WITHDRAWN)('stops the first attempt: %s', (authority) => {
    const told = after(REQUEST, { ...judge(), authority });
    expect(only(told, 'PaymentFailed').failure.code).toBe(authority);
    expect(told.state.attempts).toEqual([]);
  });

  it.each(WITHDRAWN)('stops the first attempt after a reservation: %s', (authority) => {
    const told = after(
      RESERVING,
      judge(),
      merchant('reserve', { kind: 'done', reference: 'r-1' }),
      route({ authority }),
    );
    expect(types(told)).toEqual(['ReservationReleaseStarted', 'PaymentFailed', 'RequestConcluded']);
    expect(told.state.attempts).toEqual([]);
  });

  it.each(WITHDRAWN)('lets go what is held, even where nothing else is wrong: %s', (authority) => {
    const told = after(
      REQUEST,
      judge(),
      authorize(SUCCEEDED),
      decideCapture('allow', { authority }),
    );
    expect(types(told)).toEqual(['FraudScreened', 'VoidStarted']);
    const ended = tell(told, letGo(SUCCEEDED));
    expect(only(ended, 'PaymentFailed').failure.code).toBe(authority);
    expect(moneyState(ended.state)).toBe('none');
  });

  it('does not take back a capture that is already on its way', () => {
    const capturing = after(REQUEST, judge(), authorize(SUCCEEDED), decideCapture());
    const late = decideCapture('allow', { authority: 'agent_suspended' });
    expect(tell(capturing, late).events).toEqual([]);
    expect(tell(capturing, capture(SUCCEEDED)).state.status).toBe('succeeded');
  });
});

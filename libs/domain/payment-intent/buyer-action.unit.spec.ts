import { describe, expect, it } from 'vitest';
import {
  FENCED,
  HARD,
  NOW_MS,
  PREPARED,
  REQUEST,
  SUCCEEDED,
  type Told,
  TWO_STEP,
  UNKNOWN,
  UNPARK,
  after,
  authorize,
  cancel,
  judge,
  only,
  prepare,
  processor,
  tell,
  types,
} from './payment-intent.fixture.js';
import type { Outcome } from './outcome.js';
import { moneyState } from './payment-intent.state.js';

const MINUTE_MS = 60_000;
const ACTION: Outcome = {
  kind: 'action_required',
  reference: 'ch_1',
  url: 'https://bank.example/3ds',
};

const asked = () =>
  after(REQUEST, judge({ processors: TWO_STEP }), prepare(PREPARED), authorize(ACTION));

/** Looked after, again and again, until the time is over. */
function untilOver(told: Told, outcome: Outcome): Told {
  let [now, probe] = [told, 1];
  while (now.state.status === 'requires_action') {
    const { dueAt } = only(now, 'ProbeScheduled');
    now = tell(now, authorize(outcome, { probe, nowMs: Date.parse(dueAt) }));
    probe += 1;
    if (probe > 1_000) throw new Error('It is waited for for ever.');
  }
  return now;
}

describe('a payment that needs its buyer', () => {
  it('says so, holds nothing, and is looked after', () => {
    const told = asked();
    expect(types(told)).toEqual(['BuyerActionRequired', 'ProbeScheduled']);
    expect(only(told, 'BuyerActionRequired')).toMatchObject({
      number: 1,
      url: 'https://bank.example/3ds',
      dueAt: '2026-03-01T12:30:00.000Z',
    });
    expect(only(told, 'ProbeScheduled')).toMatchObject({ rung: 'look_up', operation: 'authorize' });
    expect(told.state.status).toBe('requires_action');
    expect(moneyState(told.state)).toBe('none');
  });

  it('goes on when the buyer did it', () => {
    const told = tell(asked(), authorize(SUCCEEDED, { probe: 1 }));
    expect(types(told)).toEqual(['PaymentAuthorized', 'LedgerPosted']);
    expect(told.state.status).toBe('processing');
  });

  it('fails when the buyer is refused', () => {
    expect(tell(asked(), authorize(HARD, { probe: 1 })).state.failure?.code).toBe(
      'payment_declined',
    );
  });

  it.each([
    ['still waits', ACTION],
    ['does not answer', UNKNOWN],
    [
      'says that this look was not executed',
      { kind: 'not_executed', evidence: 'refused' } as const,
    ],
  ])('goes on waiting when the processor %s', (_, outcome) => {
    const told = tell(asked(), authorize(outcome, { probe: 1, nowMs: NOW_MS + 500 }));
    expect(types(told)).toEqual(['ProbeScheduled']);
    expect(told.state.status).toBe('requires_action');
  });

  it('is looked after at least every minute, and fenced when the time is over', () => {
    const told = untilOver(asked(), ACTION);
    expect(types(told)).toEqual(['BuyerActionExpired', 'ProbeScheduled']);
    const { rung, probe, at } = only(told, 'ProbeScheduled');
    expect(rung).toBe('fence');
    expect(Date.parse(at)).toBeGreaterThanOrEqual(NOW_MS + 30 * MINUTE_MS);
    expect(Date.parse(at)).toBeLessThanOrEqual(NOW_MS + 31 * MINUTE_MS);
    expect(probe).toBeLessThan(45);
    expect(moneyState(told.state)).toBe('unknown');
  });

  it('fails once it is fenced, and nobody else is asked', () => {
    const told = untilOver(asked(), ACTION);
    const { probe } = only(told, 'ProbeScheduled');
    const fenced = tell(told, authorize(FENCED, { probe }));
    expect(types(fenced)).toEqual(['AttemptFenced', 'PaymentFailed', 'RequestConcluded']);
    expect(fenced.state.failure).toMatchObject({
      code: 'payment_declined',
      decline: { code: 'buyer_action_expired', category: 'hard' },
    });
  });

  it('is paid when the buyer did it in the last moment', () => {
    const told = untilOver(asked(), ACTION);
    const { probe } = only(told, 'ProbeScheduled');
    expect(types(tell(told, authorize(SUCCEEDED, { probe })))).toContain('PaymentAuthorized');
  });

  it('is fenced at once when it is canceled', () => {
    const told = tell(asked(), cancel());
    expect(types(told)).toEqual([
      'OperationRequested',
      'CancelRequested',
      'BuyerActionExpired',
      'ProbeScheduled',
    ]);
    const { rung, probe } = only(told, 'ProbeScheduled');
    expect(rung).toBe('fence');
    const fenced = tell(told, authorize(FENCED, { probe }));
    expect(fenced.state.status).toBe('canceled');
  });

  it('does not wait for the buyer when it was canceled before', () => {
    const told = tell(
      after(REQUEST, judge({ processors: TWO_STEP }), prepare(PREPARED), cancel()),
      authorize(ACTION),
    );
    expect(types(told)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
  });

  it('ends with a human where nothing can be looked up or fenced and the key is not safe any more', () => {
    const blind = [processor('one', { lookUp: false, keySafeForMs: 2_000 })];
    const first = after(REQUEST, judge({ processors: blind }), authorize(ACTION));
    expect(only(first, 'ProbeScheduled').rung).toBe('resend');
    const told = tell(first, authorize(ACTION, { probe: 1, nowMs: NOW_MS + 1_800 }));
    expect(only(told, 'PaymentParked').reason).toBe('authorize_never_told');
    const looked = tell(told, UNPARK);
    expect(types(looked)).toEqual(['PaymentUnparked', 'ProbeScheduled']);
  });
});

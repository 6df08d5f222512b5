import { describe, expect, it } from 'vitest';
import {
  FENCED,
  HARD,
  NOT_EXECUTED,
  NOW_MS,
  ONE_STEP,
  PREPARED,
  REQUEST,
  SOFT,
  SUCCEEDED,
  TWO_STEP,
  type Told,
  UNKNOWN,
  UNPARK,
  after,
  authorize,
  capture,
  decideCapture,
  decider,
  judge,
  letGo,
  only,
  prepare,
  processor,
  route,
  takeOver,
  tell,
  types,
} from './payment-intent.fixture.js';
import { moneyState, openAttempt } from './payment-intent.state.js';

const ONE_STEP_UNKNOWN = [REQUEST, judge(), authorize(UNKNOWN)];
const TWO_STEP_UNKNOWN = [
  REQUEST,
  judge({ processors: TWO_STEP }),
  prepare(PREPARED),
  authorize(UNKNOWN),
];

function rungs(told: Told, count: number): string[] {
  const seen: string[] = [];
  let now = told;
  for (let probe = 1; probe <= count; probe += 1) {
    seen.push(only(now, 'ProbeScheduled').rung);
    now = tell(now, authorize(UNKNOWN, { probe }));
  }
  return seen;
}

describe('a parked attempt that an operator looks at again', () => {
  it.each([
    [
      'fenced where that is possible, which takes no money at any age of the key',
      TWO_STEP,
      'fence',
    ],
    ['looked up where it is not', ONE_STEP, 'look_up'],
  ] as const)('is %s', (_, processors, rung) => {
    const tooLate = NOW_MS + 86_400_000;
    const sent = processors === TWO_STEP ? [prepare(PREPARED)] : [];
    const parked = after(
      REQUEST,
      judge({ processors }),
      ...sent,
      authorize(UNKNOWN, { nowMs: tooLate }),
    );
    expect(parked.state.parked).not.toBeNull();
    expect(only(tell(parked, UNPARK), 'ProbeScheduled').rung).toBe(rung);
  });
});

describe('an attempt that another process takes over', () => {
  const taken = [REQUEST, judge(), takeOver()];

  it('is not proven to be without money by what its first sender saw', () => {
    const told = after(...taken, authorize(NOT_EXECUTED));
    expect(types(told)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
  });

  it('is still settled by any definite answer', () => {
    expect(types(after(...taken, authorize(SOFT)))).toContain('RouteRequested');
    expect(types(after(...taken, authorize(SUCCEEDED)))).toContain('PaymentAuthorized');
  });

  it('is taken over once, and only while its outcome is open', () => {
    expect(after(...taken, takeOver()).events).toEqual([]);
    const over = after(REQUEST, judge(), authorize(NOT_EXECUTED));
    expect(tell(over, takeOver()).events).toEqual([]);
    expect(tell(over, takeOver({ number: 2 })).events).toEqual([]);
  });
});

describe('an unknown outcome', () => {
  it('is shown at once, schedules a probe and starts no other attempt', () => {
    const told = after(...ONE_STEP_UNKNOWN);
    expect(types(told)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
    expect(only(told, 'ProbeScheduled')).toMatchObject({
      probe: 1,
      rung: 'resend',
      dueAt: '2026-03-01T12:00:00.200Z',
      after: 'soft_deadline',
    });
    expect(moneyState(told.state)).toBe('unknown');
    expect(openAttempt(told.state)).toMatchObject({ operation: 'authorize', number: 1 });
  });

  it('is probed by the same key and a look-up in turn where there is no fence', () => {
    expect(rungs(after(...ONE_STEP_UNKNOWN), 4)).toEqual([
      'resend',
      'look_up',
      'resend',
      'look_up',
    ]);
  });

  it('is fenced after two more tries and a look-up where there is a fence', () => {
    expect(rungs(after(...TWO_STEP_UNKNOWN), 5)).toEqual([
      'resend',
      'look_up',
      'resend',
      'fence',
      'resend',
    ]);
  });

  it('is recorded as unknown once, however many probes learn nothing', () => {
    const told = after(...ONE_STEP_UNKNOWN, authorize(UNKNOWN, { probe: 1 }));
    expect(types(told)).toEqual(['ProbeScheduled']);
    expect(only(told, 'ProbeScheduled').probe).toBe(2);
  });

  it('is not made known by a probe that was not executed', () => {
    const told = after(...ONE_STEP_UNKNOWN, authorize(NOT_EXECUTED, { probe: 1 }));
    expect(types(told)).toEqual(['ProbeScheduled']);
  });

  it('is not made known by "not executed" of a call that was not the first', () => {
    const told = after(REQUEST, judge(), authorize(NOT_EXECUTED, { firstSend: false }));
    expect(types(told)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
  });

  it('is never failed over, even by a sender that believes that its call was the first', () => {
    const told = after(...ONE_STEP_UNKNOWN, authorize(NOT_EXECUTED, { probe: 1, firstSend: true }));
    expect(types(told)).toEqual(['ProbeScheduled']);
  });

  it.each([
    ['the first call', [], {}],
    ['a probe', [authorize(UNKNOWN, { probe: 1 })], { probe: 1 }],
  ])('of %s, reported again, starts no second chain of probes', (_, more, repeated) => {
    const told = after(...ONE_STEP_UNKNOWN, ...more);
    expect(tell(told, authorize(UNKNOWN, repeated)).events).toEqual([]);
    expect(tell(told, authorize(NOT_EXECUTED, { ...repeated, firstSend: false })).events).toEqual(
      [],
    );
  });

  it('waits longer and longer between probes, and patiently after ten minutes', () => {
    let told = after(...ONE_STEP_UNKNOWN);
    const delays: number[] = [];
    for (let probe = 1; probe <= 121; probe += 1) {
      delays.push(Date.parse(only(told, 'ProbeScheduled').dueAt) - NOW_MS);
      told = tell(told, authorize(UNKNOWN, { probe }));
    }
    expect(delays.slice(0, 7)).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
    expect([delays[119], delays[120]]).toEqual([5_000, 30_000]);
  });

  it.each([
    ['a success', SUCCEEDED, ['PaymentAuthorized', 'LedgerPosted']],
    ['a hard decline', HARD, ['AttemptDeclined', 'PaymentFailed', 'RequestConcluded']],
    ['a soft decline', SOFT, ['AttemptDeclined', 'RouteRequested']],
    ['a fence', FENCED, ['AttemptFenced', 'RouteRequested']],
  ])('is settled by %s, from a probe or late', (_, outcome, expected) => {
    const probed = after(...TWO_STEP_UNKNOWN, authorize(outcome, { probe: 1 }));
    const late = after(...TWO_STEP_UNKNOWN, authorize(outcome, { firstSend: false }));
    expect(types(probed)).toEqual(expected);
    expect(types(late)).toEqual(expected);
  });

  it('that was settled is not opened again by a probe that was still on its way', () => {
    const told = after(...TWO_STEP_UNKNOWN, authorize(SUCCEEDED, { firstSend: false }));
    for (const outcome of [UNKNOWN, NOT_EXECUTED, FENCED, HARD, SUCCEEDED])
      expect(tell(told, authorize(outcome, { probe: 1 })).events).toEqual([]);
  });
});

describe('a key that stops being safe', () => {
  const processors = [processor('one', { keySafeForMs: 500 }), processor('two')];
  const PARKED = [
    REQUEST,
    judge({ processors }),
    authorize(UNKNOWN),
    authorize(UNKNOWN, { probe: 1, nowMs: NOW_MS + 250 }),
  ];

  it('parks the payment before, with its budget still reserved and the money unknown', () => {
    const told = after(...PARKED);
    expect(types(told)).toEqual(['PaymentParked']);
    expect(told.state).toMatchObject({ status: 'processing', concludedAt: null });
    expect(moneyState(told.state)).toBe('unknown');
    expect(tell(told, PARKED[3]!).events).toEqual([]);
  });

  it('never gets a probe that is due when it is not safe any more', () => {
    const safe = Date.parse('2026-03-01T12:00:00.500Z');
    const due = Date.parse(only(after(...PARKED.slice(0, 3)), 'ProbeScheduled').dueAt);
    expect(due).toBeLessThan(safe);
  });

  it('lets an operator look again without sending anything that could be a charge', () => {
    const told = after(...PARKED, UNPARK);
    expect(types(told)).toEqual(['PaymentUnparked', 'ProbeScheduled']);
    expect(only(told, 'ProbeScheduled')).toMatchObject({ probe: 2, rung: 'look_up' });
    const again = tell(told, authorize(UNKNOWN, { probe: 2, nowMs: NOW_MS + 1_000 }));
    expect(types(again)).toEqual(['PaymentParked']);
  });

  it('does not keep a late answer from settling a parked payment', () => {
    const told = after(...PARKED, authorize(SUCCEEDED, { firstSend: false }));
    expect(types(told)).toEqual(['PaymentAuthorized', 'LedgerPosted']);
    expect(told.state.parked).toBeNull();
  });

  it('is nothing to retry for another tenant, or for a payment that is not parked', () => {
    const parked = after(...PARKED).state;
    const stranger = decider.decide({ ...UNPARK, tenant: 'tnt_2' }, parked);
    expect(stranger).toMatchObject({ ok: false, code: 'not_found' });
    const running = decider.decide(UNPARK, after(...ONE_STEP_UNKNOWN).state);
    expect(running).toMatchObject({ ok: false, code: 'invalid_transition' });
  });
});

describe('money reported for an attempt that was proven to take none', () => {
  const FAILED_OVER = [REQUEST, judge(), authorize(SOFT), route()];

  it('is recorded for a human, once, and never adopted', () => {
    const told = after(...FAILED_OVER, authorize(SUCCEEDED, { firstSend: false }));
    expect(only(told, 'OutcomeContradicted')).toMatchObject({
      number: 1,
      recorded: 'declined',
      reported: 'succeeded ch_1',
    });
    expect(told.state).toMatchObject({ heldMinor: 0, pending: { number: 2 } });
    expect(tell(told, authorize(SUCCEEDED, { firstSend: false })).events).toEqual([]);
  });

  it('is recorded after the payment ended, too, and changes neither its end nor its answer', () => {
    const failed = after(REQUEST, judge(), authorize(HARD));
    const told = tell(failed, authorize(SUCCEEDED, { firstSend: false }));
    expect(types(told)).toEqual(['OutcomeContradicted']);
    expect(told.state).toMatchObject({ status: 'failed', answer: failed.state.answer });
  });
});

describe('a capture or a void', () => {
  const HELD = [REQUEST, judge({ processors: TWO_STEP }), prepare(PREPARED), authorize(SUCCEEDED)];
  const CAPTURING = [...HELD, decideCapture()];
  const VOIDING = [...HELD, decideCapture('block')];

  it.each([
    ['unknown', UNKNOWN],
    ['not executed', NOT_EXECUTED],
    ['fenced', FENCED],
  ])('stays with its processor while the capture is %s', (_, outcome) => {
    const told = after(...CAPTURING, capture(outcome));
    expect(types(told)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
    expect(moneyState(told.state)).toBe('unknown');
    expect(openAttempt(told.state)).toMatchObject({ operation: 'capture', number: 1 });
  });

  it('is asked for again and looked up in turn, never fenced', () => {
    let told = after(...CAPTURING, capture(UNKNOWN));
    const seen: string[] = [];
    for (let probe = 1; probe <= 5; probe += 1) {
      seen.push(only(told, 'ProbeScheduled').rung);
      told = tell(told, capture(UNKNOWN, { probe }));
    }
    expect(new Set(seen)).toEqual(new Set(['resend', 'look_up']));
  });

  it('starts no second chain of probes when it is reported twice', () => {
    const capturing = after(...CAPTURING, capture(UNKNOWN));
    expect(tell(capturing, capture(NOT_EXECUTED)).events).toEqual([]);
    const voiding = after(...VOIDING, letGo(UNKNOWN));
    expect(tell(voiding, letGo(UNKNOWN)).events).toEqual([]);
  });

  it('ends as it should when a probe or a late answer settles it', () => {
    const captured = after(...CAPTURING, capture(UNKNOWN), capture(SUCCEEDED, { probe: 1 }));
    expect(captured.state).toMatchObject({ status: 'succeeded', amountCapturedMinor: 4200 });
    const voided = after(...VOIDING, letGo(UNKNOWN), letGo(SUCCEEDED, { probe: 1 }));
    expect(voided.state).toMatchObject({ status: 'failed', heldMinor: 0 });
  });

  it('lets the money go when fraud is found before the capture, and says so in the failure', () => {
    const voiding = after(...VOIDING);
    expect(types(voiding)).toEqual(['FraudScreened', 'VoidStarted']);
    expect(only(voiding, 'VoidStarted').call).toMatchObject({ reference: 'ch_1', key: 'abc-1' });
    const told = tell(voiding, letGo(SUCCEEDED));
    expect(types(told)).toEqual([
      'AuthorizationVoided',
      'LedgerPosted',
      'PaymentFailed',
      'RequestConcluded',
    ]);
    expect(only(told, 'PaymentFailed')).toMatchObject({
      failure: { code: 'fraud_blocked' },
      mandate: 'mnd_1',
      spentMinor: 0,
    });
    expect(moneyState(told.state)).toBe('none');
  });

  it('lets the money go when the capture is refused for good', () => {
    const told = after(...CAPTURING, capture(HARD));
    expect(types(told)).toEqual(['CaptureDeclined', 'VoidStarted']);
    const done = tell(told, letGo(SUCCEEDED));
    expect(only(done, 'PaymentFailed').failure.code).toBe('payment_declined');
  });

  it('keeps asking when a void is refused: something may still be held', () => {
    const told = after(...VOIDING, letGo(HARD));
    expect(types(told)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
    expect(moneyState(told.state)).toBe('unknown');
  });

  it('is not known when the processor says another amount than was meant', () => {
    const other = { ...SUCCEEDED, amountMinor: 4201 };
    for (const told of [
      after(...HELD.slice(0, -1), authorize(other)),
      after(...CAPTURING, capture(other)),
    ]) {
      expect(types(told)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
      expect(moneyState(told.state)).toBe('unknown');
    }
  });

  it('of an attempt that is not open does nothing', () => {
    for (const command of [capture(SUCCEEDED), letGo(SUCCEEDED), decideCapture('allow')])
      expect(tell(after(REQUEST, judge()), command).events).toEqual([]);
    expect(tell(after(...CAPTURING), capture(SUCCEEDED, { number: 2 })).events).toEqual([]);
  });
});

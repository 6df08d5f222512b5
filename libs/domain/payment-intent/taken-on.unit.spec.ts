import { describe, expect, it } from 'vitest';
import {
  HARD,
  MANUAL,
  NOT_EXECUTED,
  NOW_MS,
  PAID,
  REQUEST,
  SUCCEEDED,
  UNKNOWN,
  after,
  authorize,
  cancel,
  capture,
  decideCapture,
  judge,
  letGo,
  only,
  processor,
  refund,
  refunded,
  tell,
  types,
} from './payment-intent.fixture.js';
import type { Outcome } from './outcome.js';
import { moneyState } from './payment-intent.state.js';

const ACCEPTED = { kind: 'accepted', reference: 'psp-2' } as const satisfies Outcome;
const BLIND = [processor('one', { lookUp: false, keySafeForMs: 7 * 86_400_000 })];

const held = (processors = BLIND) =>
  after(REQUEST, judge({ processors }), authorize(SUCCEEDED), decideCapture());
const takenOn = (processors = BLIND) => tell(held(processors), capture(ACCEPTED));

describe('a capture that the processor carries out later', () => {
  it('leaves the money held, and is asked about by the same call where nothing can be looked up', () => {
    const told = takenOn();
    expect(types(told)).toEqual(['CaptureAccepted', 'ProbeScheduled']);
    expect(only(told, 'ProbeScheduled')).toMatchObject({ operation: 'capture', rung: 'resend' });
    expect(moneyState(told.state)).toBe('held');
    expect(told.state.status).toBe('processing');
  });

  it('is looked up where that is possible', () => {
    expect(only(takenOn([processor('one')]), 'ProbeScheduled').rung).toBe('look_up');
  });

  it.each([
    ['is told so again', ACCEPTED],
    ['is not told anything', UNKNOWN],
    ['cannot ask', NOT_EXECUTED],
  ])('stays so when whoever asks %s, and is asked about ever more slowly', (_, outcome) => {
    const nowMs = NOW_MS + 10_000;
    const told = tell(takenOn(), capture(outcome, { probe: 1, nowMs }));
    expect(types(told)).toEqual(['ProbeScheduled']);
    expect(Date.parse(only(told, 'ProbeScheduled').dueAt)).toBe(nowMs + 10_000);
    expect(moneyState(told.state)).toBe('held');
  });

  it('is paid when the processor says so, whoever reports it', () => {
    const told = tell(takenOn(), capture(SUCCEEDED));
    expect(types(told)).toContain('PaymentSucceeded');
    expect(moneyState(told.state)).toBe('moved');
  });

  it('is let go when the processor could not take it', () => {
    const told = tell(takenOn(), capture(HARD));
    expect(types(told)).toEqual(['CaptureDeclined', 'VoidStarted']);
  });

  it('is not taken for another amount than was meant', () => {
    const told = tell(takenOn(), capture({ ...SUCCEEDED, amountMinor: 1 }, { probe: 1 }));
    expect(types(told)).toEqual(['ProbeScheduled']);
  });

  it('waits for a human when it was never told', () => {
    const nowMs = NOW_MS + 7 * 86_400_000;
    const told = tell(takenOn(), capture(ACCEPTED, { probe: 1, nowMs }));
    expect(only(told, 'PaymentParked').reason).toBe('capture_never_told');
    expect(types(tell(told, capture(SUCCEEDED)))).toContain('PaymentSucceeded');
  });

  it('is settled by what is told before the call is answered', () => {
    const told = tell(tell(held(), capture(SUCCEEDED)), capture(ACCEPTED));
    expect(told.events).toEqual([]);
  });

  it('can be canceled: the money comes back once it was taken', () => {
    const told = tell(tell(takenOn(), cancel()), capture(SUCCEEDED));
    expect(types(told)).toContain('RefundStarted');
  });
});

describe('a void that the processor carries out later', () => {
  const lettingGo = () =>
    tell(
      after(MANUAL, judge({ processors: BLIND }), authorize(SUCCEEDED), cancel()),
      letGo(ACCEPTED),
    );

  it('leaves the money held until it is told', () => {
    const told = lettingGo();
    expect(types(told)).toEqual(['VoidAccepted', 'ProbeScheduled']);
    expect(moneyState(told.state)).toBe('held');
    expect(tell(told, letGo(SUCCEEDED)).state.status).toBe('canceled');
  });
});

describe('a refund that the processor decides later, where nothing can be looked up', () => {
  it('is sent again with the same key, and waits for a human when that is not safe any more', () => {
    const paid = after(REQUEST, judge({ processors: BLIND }), ...PAID.slice(2), refund());
    const told = tell(paid, refunded(ACCEPTED));
    expect(only(told, 'ProbeScheduled').rung).toBe('resend');
    const nowMs = NOW_MS + 7 * 86_400_000;
    const late = tell(told, refunded(ACCEPTED, { probe: 1, nowMs }));
    expect(only(late, 'PaymentParked').reason).toBe('refund_never_told');
  });
});

describe('what the processor took on hours ago', () => {
  const HOURS_MS = 3 * 3_600_000;
  const nowMs = NOW_MS + HOURS_MS;
  const dueInMs = (told: Parameters<typeof only>[0]) =>
    Date.parse(only(told, 'ProbeScheduled').dueAt) - nowMs;

  it.each([
    ['has nothing new', ACCEPTED, 3_600_000],
    ['does not answer', UNKNOWN, 300_000],
    ['cannot be reached', NOT_EXECUTED, 300_000],
  ])(
    'is asked about again when the processor %s: soon, unless it answered',
    (_, outcome, waitMs) => {
      const asked = { probe: 1, nowMs };
      expect(dueInMs(tell(takenOn(), capture(outcome, asked)))).toBe(waitMs);
      const refunding = tell(after(...PAID, refund()), refunded(ACCEPTED));
      expect(dueInMs(tell(refunding, refunded(outcome, asked)))).toBe(waitMs);
    },
  );
});

describe("the processor's own fraud screen", () => {
  const screened = (verdict: 'allow' | 'review' | 'block') =>
    tell(
      after(
        REQUEST,
        judge(),
        authorize({ ...SUCCEEDED, risk: { score: 77, verdict, level: 'some' } }),
      ),
      decideCapture(),
    );

  it.each([
    ['allow', 'CaptureStarted'],
    ['review', 'ApprovalRequested'],
    ['block', 'VoidStarted'],
  ] as const)('that says %s is recorded beside our own, and counts', (verdict, next) => {
    const told = screened(verdict);
    expect(types(told)).toEqual(['FraudScreened', 'FraudScreened', next]);
    const [, theirs] = told.events;
    expect(theirs?.data).toMatchObject({ provider: 'one', verdict, score: 77, stage: 'capture' });
  });
});

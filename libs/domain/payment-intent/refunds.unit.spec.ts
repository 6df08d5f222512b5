import { describe, expect, it } from 'vitest';
import type { PaymentIntentCommand } from './payment-intent.commands.js';
import {
  MONEY,
  NOW_MS,
  PAID,
  REQUEST,
  RESERVING,
  SUCCEEDED,
  type Told,
  UNPARK,
  after,
  authorize,
  capture,
  decideCapture,
  judge,
  merchant,
  only,
  processor,
  refund,
  refunded,
  refusal,
  route,
  tell,
  types,
} from './payment-intent.fixture.js';
import type { RefundOutcome } from './outcome.js';
import { moneyState, openAttempt } from './payment-intent.state.js';

const ACCEPTED: RefundOutcome = { kind: 'accepted', reference: 're_1' };
const REFUSED: RefundOutcome = {
  kind: 'declined',
  category: 'hard',
  code: 'no',
  message: 'Too old',
};
const UNKNOWN: RefundOutcome = { kind: 'unknown', evidence: 'timeout' };
const NOT_EXECUTED: RefundOutcome = { kind: 'not_executed', evidence: 'connection_refused' };
const returned = (amountMinor = 4200): RefundOutcome => ({
  kind: 'succeeded',
  reference: 're_1',
  ...MONEY,
  amountMinor,
});
const DAY_MS = 86_400_000;

/** A second refund beside `op-1`. */
const second = (amountMinor: number | null = null) => refund(amountMinor, { operation: 'op-2' });

describe('a refund', () => {
  it.each([
    ['of all that was captured when no amount is named', null, 4200],
    ['of a part', 1_000, 1_000],
  ])('%s is called for with a key of its own', (_, amount, amountMinor) => {
    const told = after(...PAID, refund(amount));
    expect(types(told)).toEqual(['OperationRequested', 'RefundStarted']);
    expect(only(told, 'RefundStarted')).toMatchObject({
      refund: 'op-1',
      number: 1,
      sequence: 1,
      amountMinor,
      reason: 'returned',
      call: { processor: 'one', reference: 'ch_1', amountMinor, refund: { key: 'abc-1-r1' } },
    });
    expect(moneyState(told.state)).toBe('unknown');
    expect(openAttempt(told.state, 'op-1')).toMatchObject({
      operation: 'refund',
      number: 1,
      call: { amountMinor, refund: { key: 'abc-1-r1', reference: null } },
    });
  });

  it('that succeeds is booked and answered, and changes nothing but where the money is', () => {
    const paid = after(...PAID);
    const told = tell(tell(paid, refund()), refunded(returned()));
    expect(types(told)).toEqual(['RefundSucceeded', 'LedgerPosted', 'OperationConcluded']);
    expect(only(told, 'LedgerPosted').postings).toEqual([
      { account: 'processor:one:clearing', amountMinor: 4200, currency: 'USD' },
      { account: 'agent:agt_1:refunded', amountMinor: -4200, currency: 'USD' },
    ]);
    const { status, concludedAt, answer } = paid.state;
    expect(told.state).toMatchObject({ status, concludedAt, answer });
    expect(moneyState(told.state)).toBe('returned');
    expect(openAttempt(told.state, 'op-1')).toBeNull();
  });

  it('of a part leaves the money moved, and the rest refundable', () => {
    const told = after(...PAID, refund(1_000), refunded(returned(1_000)));
    expect(moneyState(told.state)).toBe('moved');
    expect(refusal(told, second(3_201))).toBe('amount_exceeds_refundable');
    const rest = tell(told, second());
    expect(only(rest, 'RefundStarted')).toMatchObject({
      amountMinor: 3_200,
      sequence: 2,
      call: { refund: { key: 'abc-1-r2' } },
    });
    const all = tell(rest, refunded(returned(3_200), { refund: 'op-2' }));
    expect(moneyState(all.state)).toBe('returned');
    for (const amount of [null, 1])
      expect(refusal(all, refund(amount, { operation: 'op-3' }))).toBe('amount_exceeds_refundable');
  });

  it.each<[string, readonly PaymentIntentCommand[]]>([
    ['on its way', []],
    ['pending', [refunded(ACCEPTED)]],
    ['unknown', [refunded(UNKNOWN)]],
  ])('keeps what it may take from being refunded again while it is %s', (_, outcome) => {
    const told = after(...PAID, refund(3_000), ...outcome);
    expect(refusal(told, second(1_201))).toBe('amount_exceeds_refundable');
    expect(only(tell(told, second()), 'RefundStarted').amountMinor).toBe(1_200);
  });

  it('that the processor refuses is answered so, and its amount is refundable again', () => {
    const told = after(...PAID, refund(), refunded(REFUSED));
    expect(types(told)).toEqual(['RefundFailed', 'OperationConcluded']);
    expect(only(told, 'RefundFailed')).toMatchObject({ code: 'no', message: 'Too old' });
    expect(moneyState(told.state)).toBe('moved');
    expect(only(tell(told, second()), 'RefundStarted')).toMatchObject({
      amountMinor: 4200,
      call: { refund: { key: 'abc-1-r2' } },
    });
  });

  it('is only for a purchase, and only for those who may see it', () => {
    expect(refusal(after(REQUEST), refund())).toBe('invalid_transition');
    expect(refusal(after(REQUEST, judge(), authorize(SUCCEEDED)), refund())).toBe(
      'invalid_transition',
    );
    const paid = after(...PAID);
    expect(refusal(paid, { ...refund(), agent: 'agt_2' as 'agt_1' })).toBe('not_found');
    expect(refusal(paid, { ...refund(), tenant: 'tnt_2' as 'tnt_1' })).toBe('not_found');
  });

  it('that comes again under its key adds nothing; with another amount it is refused', () => {
    const told = after(...PAID, refund(1_000));
    expect(tell(told, refund(1_000)).events).toEqual([]);
    expect(refusal(told, refund(1_001))).toBe('idempotency_key_reused');
    const done = tell(told, refunded(returned(1_000)));
    expect(tell(done, refund(1_000)).events).toEqual([]);
  });
});

describe('a pending refund', () => {
  const PENDING = [...PAID, refund(), refunded(ACCEPTED)];

  it('is answered at once, and looked up later', () => {
    const told = after(...PENDING);
    expect(types(told)).toEqual(['RefundAccepted', 'ProbeScheduled', 'OperationConcluded']);
    expect(only(told, 'ProbeScheduled')).toMatchObject({
      refund: 'op-1',
      probe: 1,
      rung: 'look_up',
      dueAt: '2026-03-01T12:00:00.500Z',
    });
    expect(moneyState(told.state)).toBe('moved');
    expect(openAttempt(told.state, 'op-1')?.call.refund).toEqual({
      key: 'abc-1-r1',
      reference: 're_1',
    });
  });

  it.each([
    ['pending', ACCEPTED, 3_600_000],
    ['unknown', UNKNOWN, 300_000],
    ['not executed', NOT_EXECUTED, 300_000],
  ])(
    'that is still %s is asked about more and more slowly, for as long as it takes',
    (_, outcome, slowestMs) => {
      let told = after(...PENDING);
      const waits: number[] = [];
      for (let probe = 1; probe <= 25; probe += 1) {
        const nowMs = Date.parse(only(told, 'ProbeScheduled').dueAt);
        told = tell(told, refunded(outcome, { probe, nowMs }));
        expect(types(told)).toEqual(['ProbeScheduled']);
        waits.push(Date.parse(only(told, 'ProbeScheduled').dueAt) - nowMs);
      }
      expect(waits.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
      expect(waits.at(-1)).toBe(slowestMs);
    },
  );

  it.each([
    ['succeeds', returned(), ['RefundSucceeded', 'LedgerPosted'], 'returned'],
    ['fails', REFUSED, ['RefundFailed'], 'moved'],
  ] as const)('that %s in the end is not answered twice', (_, outcome, expected, money) => {
    const told = after(...PENDING, refunded(outcome, { probe: 1 }));
    expect(types(told)).toEqual(expected);
    expect(moneyState(told.state)).toBe(money);
  });
});

describe('an unknown refund', () => {
  const OPEN = [...PAID, refund(), refunded(UNKNOWN)];

  it.each([
    ['unknown', UNKNOWN],
    ['not executed', NOT_EXECUTED],
    ['of another amount than was meant', returned(4_199)],
    ['in another currency', { ...returned(), currency: 'EUR' } as RefundOutcome],
  ])('stays with its processor, by the same key, when an answer is %s', (_, outcome) => {
    const told = after(...PAID, refund(), refunded(outcome));
    expect(types(told)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
    expect(only(told, 'OutcomeUnknown')).toMatchObject({ operation: 'refund', refund: 'op-1' });
    expect(only(told, 'ProbeScheduled')).toMatchObject({ refund: 'op-1', rung: 'resend' });
    expect(moneyState(told.state)).toBe('unknown');
    expect(told.state.operations[0]?.answer).toBeNull();
  });

  it('is settled by a probe or by an answer that came late, and answered then', () => {
    for (const recorded of [{ probe: 1 }, {}]) {
      const told = after(...OPEN, refunded(returned(), recorded));
      expect(types(told)).toEqual(['RefundSucceeded', 'LedgerPosted', 'OperationConcluded']);
    }
    const refused = after(...OPEN, refunded(REFUSED, { probe: 1 }));
    expect(types(refused)).toEqual(['RefundFailed', 'OperationConcluded']);
  });

  it('has one chain of probes', () => {
    const told = after(...OPEN);
    expect(tell(told, refunded(UNKNOWN)).events).toEqual([]);
    const probed = tell(told, refunded(UNKNOWN, { probe: 1 }));
    expect(only(probed, 'ProbeScheduled')).toMatchObject({ probe: 2, rung: 'look_up' });
    expect(tell(probed, refunded(UNKNOWN, { probe: 1 })).events).toEqual([]);
    const accepted = tell(probed, refunded(ACCEPTED));
    expect(tell(accepted, refunded(UNKNOWN, { probe: 2 })).events).toEqual([]);
  });

  it('that was settled is not opened again by what comes late or twice', () => {
    for (const end of [returned(), REFUSED]) {
      const told = after(...OPEN, refunded(end));
      for (const late of [returned(), REFUSED, UNKNOWN, ACCEPTED, NOT_EXECUTED])
        expect(tell(told, refunded(late, { probe: 1 })).events).toEqual([]);
    }
  });

  it('of which nothing is on record means nothing', () => {
    expect(tell(after(...PAID), refunded(returned())).events).toEqual([]);
  });
});

describe('a refund whose key stops being safe', () => {
  const LATER = NOW_MS + DAY_MS;
  const parked = (told: Told, refundId = 'op-1') =>
    tell(told, refunded(UNKNOWN, { refund: refundId, probe: 1, nowMs: LATER }));
  const PARKED = () => parked(after(...PAID, refund(1_000), refunded(UNKNOWN)));

  it('parks the payment for a human', () => {
    const told = PARKED();
    expect(only(told, 'PaymentParked')).toMatchObject({
      number: 1,
      refund: 'op-1',
      reason: 'refund_unknown_past_safe_retry',
    });
    expect(told.state.parked).not.toBeNull();
    expect(parked(told).events).toEqual([]);
  });

  it('is looked up once more when an operator asks, and never sent again', () => {
    const told = tell(PARKED(), UNPARK);
    expect(types(told)).toEqual(['PaymentUnparked', 'ProbeScheduled']);
    expect(only(told, 'ProbeScheduled')).toMatchObject({ refund: 'op-1', rung: 'look_up' });
    const again = refunded(UNKNOWN, { probe: 2, nowMs: LATER });
    expect(types(tell(told, again))).toEqual(['PaymentParked']);
    expect(tell(told, refunded(returned(1_000), { probe: 2 })).state.parked).toBeNull();
  });

  it('keeps waiting for a human while another refund is made, and does not hold that one up', () => {
    const other = tell(PARKED(), second(1_000));
    expect(other.state.parked).not.toBeNull();
    const unknown = tell(other, refunded(UNKNOWN, { refund: 'op-2' }));
    expect(types(unknown)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
    const done = tell(unknown, refunded(returned(1_000), { refund: 'op-2', probe: 1 }));
    expect(done.state.parked).not.toBeNull();
    expect(tell(done, refunded(returned(1_000))).state.parked).toBeNull();
  });

  it('does not hide that a merchant is waited for', () => {
    const confirming = after(
      RESERVING,
      judge(),
      merchant('reserve', { kind: 'done', reference: 'r-1' }),
      route(),
      authorize(SUCCEEDED),
      decideCapture(),
      capture(SUCCEEDED),
      merchant('confirm', { kind: 'refused', code: 'gone' }),
    );
    expect(confirming.state.parked).toEqual({ reason: 'reservation_confirm_refused' });
    const told = tell(tell(confirming, refund()), refunded(returned()));
    expect(told.state.parked).toEqual({ reason: 'reservation_confirm_refused' });
  });

  it('of a processor whose keys are safe only for a moment is parked as soon', () => {
    const processors = [processor('one', { keySafeForMs: 100 })];
    const told = after(
      REQUEST,
      judge({ processors }),
      ...PAID.slice(2),
      refund(),
      refunded(UNKNOWN),
    );
    expect(types(told)).toEqual(['OutcomeUnknown', 'PaymentParked']);
  });
});

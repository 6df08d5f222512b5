import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import type { JsonObject } from '#event-store';
import {
  AT,
  CALL,
  ENDED,
  HELD,
  MERCHANT_CALL,
  REFUND,
  REQUESTED,
  SCREENING,
  UNDONE,
  acting,
  granted,
  sagas,
  started,
} from './sagas.fixture.js';

type World = Awaited<ReturnType<typeof sagas>>;

let bus: World['bus'];
let timers: World['timers'];
let troubles: World['troubles'];
let runtime: World['runtime'];
let happens: World['happens'];
let stop: World['stop'];

beforeEach(async () => {
  ({ bus, timers, troubles, runtime, happens, stop } = await sagas());
});
afterEach(() => stop());

describe('what follows from an event', () => {
  it.each<[string, JsonObject, string[]]>([
    [
      'PaymentIntentRequested',
      REQUESTED,
      [
        'commands.purchase.claim',
        'queries.agent.standing',
        'effects.fraud.screen',
        'commands.mandate.reserve',
        'effects.processors.facts',
        'commands.payment_intent.tell JudgePayment',
      ],
    ],
    [
      'ApprovalGranted',
      granted('authorization'),
      [
        'commands.purchase.claim',
        'queries.agent.standing',
        'effects.fraud.screen',
        'commands.mandate.reserve',
        'effects.processors.facts',
        'commands.payment_intent.tell JudgePayment',
      ],
    ],
    [
      'ApprovalGranted',
      granted('capture', HELD),
      [
        'queries.agent.standing',
        'effects.fraud.screen',
        'commands.payment_intent.tell DecideCapture',
      ],
    ],
    [
      'RouteRequested',
      { ...SCREENING, currency: 'USD', at: AT },
      ['effects.processors.facts', 'commands.payment_intent.tell RouteAttempt'],
    ],
    [
      'AttemptStarted',
      started('one_step'),
      ['effects.processors.call authorize', 'commands.payment_intent.tell RecordAuthorization'],
    ],
    [
      'AttemptStarted',
      started('two_step'),
      ['effects.processors.call prepare', 'commands.payment_intent.tell RecordPreparation'],
    ],
    [
      'AttemptPrepared',
      { ...acting, reference: 'ch_1' },
      ['effects.processors.call authorize', 'commands.payment_intent.tell RecordAuthorization'],
    ],
    [
      'PaymentAuthorized',
      HELD,
      [
        'queries.agent.standing',
        'effects.fraud.screen',
        'commands.payment_intent.tell DecideCapture',
      ],
    ],
    ['PaymentAuthorized', { number: 1, screening: null }, []],
    [
      'CaptureRequested',
      { ...HELD, amountMinor: 4200 },
      [
        'queries.agent.standing',
        'effects.fraud.screen',
        'commands.payment_intent.tell DecideCapture',
      ],
    ],
    [
      'CaptureStarted',
      { ...acting, amountMinor: 4200 },
      ['effects.processors.call capture', 'commands.payment_intent.tell RecordCapture'],
    ],
    [
      'VoidStarted',
      acting,
      ['effects.processors.call void', 'commands.payment_intent.tell RecordVoid'],
    ],
    [
      'RefundStarted',
      REFUND,
      ['effects.processors.call refund', 'commands.payment_intent.tell RecordRefund'],
    ],
    [
      'ReservationStarted',
      { call: MERCHANT_CALL, at: AT },
      ['effects.reservations.call reserve', 'commands.payment_intent.tell RecordReservation'],
    ],
    [
      'ReservationConfirmStarted',
      { call: MERCHANT_CALL, at: AT },
      ['effects.reservations.call confirm', 'commands.payment_intent.tell RecordReservation'],
    ],
    [
      'ReservationReleaseStarted',
      { call: MERCHANT_CALL, at: AT },
      ['effects.reservations.call release', 'commands.payment_intent.tell RecordReservation'],
    ],
    ['PaymentSucceeded', ENDED, ['commands.mandate.settle']],
    ['PaymentFailed', UNDONE, ['commands.mandate.settle', 'commands.purchase.free']],
    ['PaymentFailed', { ...UNDONE, mandate: null }, ['commands.purchase.free']],
    ['PaymentFailed', { ...UNDONE, mandate: null, purchase: null }, []],
    ['PaymentCanceled', UNDONE, ['commands.mandate.settle', 'commands.purchase.free']],
    ['PaymentCanceled', { ...ENDED, purchase: null }, ['commands.mandate.settle']],
    ['LedgerPosted', { cause: 'x', postings: [], at: AT }, []],
    ['RequestConcluded', { status: 201, body: '{}', at: AT }, []],
  ])('%s', async (type, data, expected) => {
    await happens(type, data);
    const asked = bus.asked.map(({ subject, payload }) => {
      const { operation, command } = payload as { operation?: string; command?: { type: string } };
      return [subject, operation ?? command?.type].filter(Boolean).join(' ');
    });
    expect(asked).toEqual(expected);
    expect([troubles, runtime.open]).toEqual([[], 0]);
  });

  it('is sent under an id that the event gives it, with the flow and the trace it belongs to', async () => {
    const id = await happens('PaymentSucceeded', ENDED);
    expect(bus.asked[0]?.payload).toEqual({
      commandId: `${id}/settle`,
      causationId: id,
      correlationId: 'pi_abc',
      tenant: 'tnt_1',
      traceparent: '00-1-2-01',
      mandate: 'mnd_1',
      intent: 'abc',
      spentMinor: 4200,
    });
  });
});

describe('the end of a payment', () => {
  it('whose second half got lost is told again by the same commands', async () => {
    bus.errors.set('commands.purchase.free', [new BusError('timeout', 'x', '')]);
    await happens('PaymentFailed', UNDONE);
    await timers.advance(1_000);
    for (const subject of ['commands.mandate.settle', 'commands.purchase.free'] as const) {
      const [first, again, ...more] = bus.askedFor(subject);
      expect([again, more]).toEqual([first, []]);
      expect(first).toMatchObject({ intent: 'abc', tenant: 'tnt_1' });
    }
    expect(runtime.open).toBe(0);
  });
});

describe('a first call to a processor', () => {
  it('is known as the first only in the life that caused it', async () => {
    const pending = { operation: 'authorize', number: 1, prepared: false };
    bus.replies['queries.payment_intent.pending'] = { ...pending, authorization: 'one_step' };
    await happens('AttemptStarted', started('one_step'), 'payment_intent-a');
    await happens('AttemptStarted', started('one_step', 'life-0'), 'payment_intent-b');
    expect(bus.told()).toMatchObject([
      { firstSend: true },
      { type: 'TakeOverAttempt', number: 1, sender: 'life-1' },
      { firstSend: false },
    ]);
    expect(bus.calls()).toMatchObject([{ resend: false }, { resend: true }]);
  });

  it('that failed on the way may have been sent: the outcome is unknown', async () => {
    bus.errors.set('effects.processors.call', [new BusError('timeout', 'x', '')]);
    await happens('CaptureStarted', { ...acting, amountMinor: 4200 });
    expect(bus.told()).toMatchObject([
      { type: 'RecordCapture', outcome: { kind: 'unknown', evidence: 'connector_timeout' } },
    ]);
  });

  it('that nobody listened to was not sent: it waits, and is not the first any more', async () => {
    bus.errors.set('effects.processors.call', [new BusError('no_responder', 'x', '')]);
    const pending = { operation: 'authorize', number: 1, prepared: false };
    bus.replies['queries.payment_intent.pending'] = { ...pending, authorization: 'one_step' };
    await happens('AttemptStarted', started('one_step'));
    expect(bus.told()).toEqual([]);
    await timers.advance(1_000);
    expect(bus.told()).toMatchObject([
      { type: 'TakeOverAttempt' },
      { type: 'RecordAuthorization', firstSend: false },
    ]);
  });

  it('whose report got lost is not made again when the payment has gone on', async () => {
    bus.errors.set('commands.payment_intent.tell', [new BusError('timeout', 'x', '')]);
    await happens('CaptureStarted', { ...acting, amountMinor: 4200 });
    await timers.advance(1_000);
    expect(bus.calls()).toHaveLength(1);
    expect(runtime.open).toBe(0);
  });
});

describe('a refund', () => {
  it('is called as the refund it is, under its own key', async () => {
    await happens('RefundStarted', REFUND);
    expect(bus.calls()).toMatchObject([
      {
        ...{ operation: 'refund', about: 'refund', refund: 'op-1', number: 1, resend: false },
        order: { refund: { key: 'abc-1-r1', reference: null } },
      },
    ]);
    expect(bus.told()).toMatchObject([
      { type: 'RecordRefund', refund: 'op-1', outcome: { kind: 'succeeded' } },
    ]);
  });

  it('that failed on the way may have been sent: the outcome is unknown', async () => {
    bus.errors.set('effects.processors.call', [new BusError('timeout', 'x', '')]);
    await happens('RefundStarted', REFUND);
    expect(bus.told()).toMatchObject([
      { type: 'RecordRefund', outcome: { kind: 'unknown', evidence: 'connector_timeout' } },
    ]);
  });

  it('whose report got lost is not made again when it is known what became of it', async () => {
    bus.errors.set('commands.payment_intent.tell', [new BusError('timeout', 'x', '')]);
    await happens('RefundStarted', REFUND);
    await timers.advance(1_000);
    expect(bus.askedFor('queries.payment_intent.pending')).toEqual([{ id: 'abc', refund: 'op-1' }]);
    expect([bus.calls().length, runtime.open]).toEqual([1, 0]);
  });
});

describe('a probe', () => {
  const PROBE = {
    number: 1,
    operation: 'authorize',
    probe: 4,
    rung: 'look_up',
    after: 'x',
    at: AT,
  };
  const pending = { operation: 'authorize', number: 1, prepared: true, call: CALL };

  it('waits for its time, asks, and says which probe it was', async () => {
    bus.replies['queries.payment_intent.pending'] = { ...pending, authorization: 'one_step' };
    await happens('ProbeScheduled', { ...PROBE, dueAt: '2030-01-01T00:00:05.000Z' });
    await timers.advance(4_999);
    expect(bus.asked).toEqual([]);
    await timers.advance(1);
    expect(bus.calls()).toMatchObject([{ operation: 'look_up', about: 'authorize', resend: true }]);
    expect(bus.told()).toMatchObject([
      { type: 'RecordAuthorization', number: 1, probe: 4, firstSend: false },
    ]);
  });

  it.each([
    ['look_up', 'look_up'],
    ['resend', 'refund'],
  ])('of a refund by %s asks about that refund alone', async (rung, operation) => {
    const open = { ...pending, operation: 'refund', call: REFUND.call };
    bus.replies['queries.payment_intent.pending'] = open;
    const probe = { ...PROBE, operation: 'refund', refund: 'op-1', rung };
    await happens('ProbeScheduled', { ...probe, dueAt: AT });
    await timers.advance(0);
    expect(bus.askedFor('queries.payment_intent.pending')).toEqual([{ id: 'abc', refund: 'op-1' }]);
    expect(bus.calls()).toMatchObject([
      { operation, about: 'refund', refund: 'op-1', resend: true, order: REFUND.call },
    ]);
    expect(bus.told()).toMatchObject([{ type: 'RecordRefund', refund: 'op-1', probe: 4 }]);
  });

  it('does nothing when the payment was settled meanwhile', async () => {
    await happens('ProbeScheduled', { ...PROBE, dueAt: AT });
    await timers.advance(0);
    expect(bus.asked.map(({ subject }) => subject)).toEqual(['queries.payment_intent.pending']);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import type { JsonObject } from '#event-store';
import {
  AT,
  CALL,
  ENDED,
  MONEY,
  REQUESTED,
  SCREENING,
  acting,
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
        'queries.agent.standing',
        'effects.fraud.screen',
        'commands.mandate.reserve',
        'effects.processors.facts',
        'commands.payment_intent.tell JudgePayment',
      ],
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
      { number: 1, screening: { ...SCREENING, ...MONEY, paymentMethod: 'pm_1' } },
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
    ['PaymentSucceeded', ENDED, ['commands.mandate.settle']],
    ['PaymentFailed', { ...ENDED, spentMinor: 0 }, ['commands.mandate.settle']],
    ['PaymentFailed', { ...ENDED, mandate: null }, []],
    ['LedgerPosted', { cause: 'x', postings: [], at: AT }, []],
    ['RequestConcluded', { status: 201, body: '{}', at: AT }, []],
  ])('%s', async (type, data, expected) => {
    await happens(type, data);
    const asked = bus.asked.map(({ subject, payload }) => {
      const { operation, command } = payload as { operation?: string; command?: { type: string } };
      return [subject, operation ?? command?.type].filter(Boolean).join(' ');
    });
    // Facts for the next route may be asked for with or after a call.
    const facts = 'effects.processors.facts';
    const isCall = asked.some((each) => each.startsWith('effects.processors.call'));
    expect(isCall ? asked.filter((each) => each !== facts) : asked).toEqual(expected);
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

describe('a first call to a processor', () => {
  it('is known as the first only in the life that caused it', async () => {
    await happens('AttemptStarted', started('one_step'), 'payment_intent-a');
    await happens('AttemptStarted', started('one_step', 'life-0'), 'payment_intent-b');
    expect(bus.told()).toMatchObject([{ firstSend: true }, { firstSend: false }]);
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
    expect(bus.told()).toMatchObject([{ type: 'RecordAuthorization', firstSend: false }]);
  });

  it('whose report got lost is not made again when the payment has gone on', async () => {
    bus.errors.set('commands.payment_intent.tell', [new BusError('timeout', 'x', '')]);
    await happens('CaptureStarted', { ...acting, amountMinor: 4200 });
    await timers.advance(1_000);
    expect(bus.calls()).toHaveLength(1);
    expect(runtime.open).toBe(0);
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

  it('does nothing when the payment was settled meanwhile', async () => {
    await happens('ProbeScheduled', { ...PROBE, dueAt: AT });
    await timers.advance(0);
    expect(bus.asked.map(({ subject }) => subject)).toEqual(['queries.payment_intent.pending']);
  });
});

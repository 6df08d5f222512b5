import { describe, expect, it } from 'vitest';
import type { PaymentIntentCommand } from './payment-intent.commands.js';
import {
  HARD,
  MANUAL,
  NOW_MS,
  REQUEST,
  RESERVING,
  SUCCEEDED,
  type Told,
  UNKNOWN as UNKNOWN_OUTCOME,
  UNPARK,
  after,
  authorize,
  cancel,
  capture,
  decideCapture,
  expireHold,
  judge,
  letGo,
  merchant,
  only,
  route,
  tell,
  types,
} from './payment-intent.fixture.js';
import type { ReservationOperation, ReservationOutcome } from './outcome.js';

const DONE: ReservationOutcome = { kind: 'done', reference: 'r-1' };
const SOLD_OUT: ReservationOutcome = { kind: 'refused', code: 'out_of_stock', message: 'Sorry' };
const UNKNOWN: ReservationOutcome = { kind: 'unknown', evidence: 'timeout' };

const ASKED: readonly PaymentIntentCommand[] = [RESERVING, judge()];
const RESERVED = [...ASKED, merchant('reserve', DONE)];
const HELD = [...RESERVED, route(), authorize(SUCCEEDED)];
const BOUGHT = [...HELD, decideCapture(), capture(SUCCEEDED)];
const CANCELED = [...RESERVED, cancel()];
const CALL = {
  participant: 'warehouse',
  key: 'abc-reservation',
  items: [{ sku: 'B-1', quantity: 2 }],
  payee: 'acme-books',
  orderReference: 'PO-1',
  reference: null,
};

describe('a reservation', () => {
  it('is made before any attempt', () => {
    const asked = after(...ASKED);
    expect(types(asked)).toEqual([
      'PolicyDecided',
      'FraudScreened',
      'MandateDecided',
      'ReservationStarted',
    ]);
    expect(only(asked, 'ReservationStarted').call).toEqual(CALL);
    expect(tell(asked, judge()).events).toEqual([]);
    expect(tell(asked, route()).events).toEqual([]);
    const made = tell(asked, merchant('reserve', DONE));
    expect(types(made)).toEqual(['ReservationMade', 'RouteRequested']);
    expect(types(tell(made, route()))).toEqual(['RouteChosen', 'AttemptStarted']);
  });

  it('is not asked for where the request does not', () => {
    for (const reservation of [undefined, null]) {
      const request = { ...REQUEST.request, ...(reservation === null && { reservation }) };
      expect(types(after({ ...REQUEST, request }, judge()))).toContain('AttemptStarted');
    }
  });

  it('that the merchant refuses ends the payment, with nothing to release', () => {
    const told = after(...ASKED, merchant('reserve', SOLD_OUT));
    expect(types(told)).toEqual(['ReservationRefused', 'PaymentFailed', 'RequestConcluded']);
    expect(only(told, 'ReservationRefused')).toMatchObject({ code: 'out_of_stock' });
    expect(only(told, 'PaymentFailed')).toMatchObject({
      failure: { code: 'reservation_refused' },
      mandate: 'mnd_1',
      purchase: 'purchase-1',
    });
  });

  it('is confirmed once the money is taken', () => {
    const told = after(...BOUGHT);
    expect(types(told)).toEqual([
      'PaymentCaptured',
      'LedgerPosted',
      'PaymentSucceeded',
      'ReservationConfirmStarted',
      'RequestConcluded',
    ]);
    expect(only(told, 'ReservationConfirmStarted').call).toEqual({ ...CALL, reference: 'r-1' });
    expect(types(tell(told, merchant('confirm', DONE)))).toEqual(['ReservationConfirmed']);
  });

  it('is not confirmed while the capture is unknown', () => {
    const told = after(...HELD, decideCapture(), capture(UNKNOWN_OUTCOME));
    expect(told.state.reservation?.status).toBe('reserved');
    const settled = tell(told, capture(SUCCEEDED, { probe: 1 }));
    expect(types(settled)).toContain('ReservationConfirmStarted');
  });

  it.each<[string, readonly PaymentIntentCommand[]]>([
    ['a decline', [...RESERVED, route(), authorize(HARD)]],
    ['no processor', [...RESERVED, route({ processors: [] })]],
    ['a suspended agent', [...RESERVED, route({ authority: 'agent_suspended' })]],
    [
      'fraud that was found before the capture',
      [...HELD, decideCapture('block'), letGo(SUCCEEDED)],
    ],
    ['a refused capture', [...HELD, decideCapture(), capture(HARD), letGo(SUCCEEDED)]],
    ['a cancel', CANCELED],
    ['a cancel while money is held', [...HELD, cancel(), letGo(SUCCEEDED)]],
    [
      'a hold that nobody captured',
      [
        { ...RESERVING, request: { ...RESERVING.request, ...MANUAL.request } },
        ...HELD.slice(1),
        expireHold(),
        letGo(SUCCEEDED),
      ],
    ],
  ])('is released when the payment ends by %s', (_, commands) => {
    const told = after(...commands);
    expect(only(told, 'ReservationReleaseStarted').call.reference).toBe('r-1');
    expect(types(tell(told, merchant('release', DONE)))).toEqual(['ReservationReleased']);
  });

  it('is not released as long as money may be held', () => {
    const told = after(...HELD, cancel(), letGo(UNKNOWN_OUTCOME));
    expect(told.state.reservation?.status).toBe('reserved');
  });
});

describe('a call to a merchant whose outcome is unknown', () => {
  const steps: [ReservationOperation, readonly PaymentIntentCommand[], string][] = [
    ['reserve', ASKED, 'ReservationMade'],
    ['confirm', BOUGHT, 'ReservationConfirmed'],
    ['release', CANCELED, 'ReservationReleased'],
  ];

  it.each(steps)('to %s is made again by the same key', (operation, before, settled) => {
    const told = after(...before, merchant(operation, UNKNOWN));
    expect(types(told)).toEqual(['ReservationRetryScheduled']);
    expect(only(told, 'ReservationRetryScheduled')).toMatchObject({
      operation,
      try: 1,
      dueAt: '2026-03-01T12:00:00.200Z',
      after: 'timeout',
      call: { key: 'abc-reservation' },
    });
    expect(types(tell(told, merchant(operation, DONE, { try: 1 })))).toContain(settled);
    expect(types(tell(told, merchant(operation, DONE)))).toContain(settled);
  });

  it.each(steps)('to %s has one chain of tries', (operation, before) => {
    const told = after(...before, merchant(operation, UNKNOWN));
    expect(tell(told, merchant(operation, UNKNOWN)).events).toEqual([]);
    const again = tell(told, merchant(operation, UNKNOWN, { try: 1 }));
    expect(only(again, 'ReservationRetryScheduled').try).toBe(2);
    expect(tell(again, merchant(operation, UNKNOWN, { try: 1 })).events).toEqual([]);
  });

  it.each(steps)('to %s that was settled is not opened again', (operation, before) => {
    const told = after(...before, merchant(operation, DONE));
    for (const outcome of [DONE, SOLD_OUT, UNKNOWN])
      expect(tell(told, merchant(operation, outcome)).events).toEqual([]);
  });

  it.each(steps)('to %s counts its own tries only', (operation, before) => {
    const retried = before.flatMap((command): PaymentIntentCommand[] =>
      command.type === 'RecordReservation'
        ? [merchant('reserve', UNKNOWN), merchant('reserve', DONE, { try: 1 })]
        : [command],
    );
    const told = after(...retried, merchant(operation, UNKNOWN));
    expect(only(told, 'ReservationRetryScheduled').try).toBe(1);
  });

  it('answers nothing to what is not asked', () => {
    for (const told of [after(REQUEST, judge()), after(...RESERVED)])
      for (const operation of ['reserve', 'confirm', 'release'] as const)
        expect(tell(told, merchant(operation, DONE)).events).toEqual([]);
  });

  /** The same answer until no other try is scheduled. */
  function untilGivenUp(
    told: Told,
    operation: ReservationOperation,
  ): { tries: number; told: Told } {
    let now = tell(told, merchant(operation, UNKNOWN));
    for (let tries = 1; ; tries += 1) {
      if (!types(now).includes('ReservationRetryScheduled')) return { tries, told: now };
      now = tell(now, merchant(operation, UNKNOWN, { try: tries }));
    }
  }

  it('is given up when nothing could be reserved, and released in case it was', () => {
    const { tries, told } = untilGivenUp(after(...ASKED), 'reserve');
    expect(tries).toBe(11);
    expect(types(told)).toEqual(['ReservationReleaseStarted', 'PaymentFailed', 'RequestConcluded']);
    expect(only(told, 'PaymentFailed').failure.code).toBe('reservation_refused');
    expect(only(told, 'ReservationReleaseStarted').call.reference).toBeNull();
  });

  it.each([
    ['confirm', BOUGHT],
    ['release', CANCELED],
  ] as const)('waits for a human when a day of tries to %s did not do', (operation, before) => {
    const { tries, told } = untilGivenUp(after(...before), operation);
    expect(tries).toBeGreaterThan(2_000);
    expect(types(told)).toEqual(['PaymentParked']);
    expect(only(told, 'PaymentParked')).toMatchObject({
      number: null,
      reason: `reservation_${operation}_unknown`,
    });
    expect(tell(told, merchant(operation, UNKNOWN, { try: tries })).events).toEqual([]);
  });
});

describe('a merchant that refuses', () => {
  it.each([
    ['to confirm what is paid', 'confirm', BOUGHT, 'succeeded'],
    ['to release what is not', 'release', CANCELED, 'canceled'],
  ] as const)('%s is a matter for a human, once', (_, operation, before, status) => {
    const told = after(...before, merchant(operation, SOLD_OUT));
    expect(only(told, 'PaymentParked')).toMatchObject({
      number: null,
      reason: `reservation_${operation}_refused`,
    });
    expect(told.state.status).toBe(status);
    expect(tell(told, merchant(operation, SOLD_OUT)).events).toEqual([]);
  });

  it('is asked once more when an operator says so', () => {
    const parked = after(...BOUGHT, merchant('confirm', SOLD_OUT));
    const told = tell(parked, { ...UNPARK, nowMs: NOW_MS + 1 });
    expect(types(told)).toEqual(['PaymentUnparked', 'ReservationRetryScheduled']);
    expect(only(told, 'ReservationRetryScheduled')).toMatchObject({
      operation: 'confirm',
      try: 1,
      dueAt: '2026-03-01T12:00:00.001Z',
    });
    const confirmed = tell(told, merchant('confirm', DONE, { try: 1 }));
    expect(confirmed.state).toMatchObject({ parked: null, reservation: { status: 'confirmed' } });
    expect(types(tell(told, merchant('confirm', SOLD_OUT, { try: 1 })))).toEqual(['PaymentParked']);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import { AT, MERCHANT_CALL, sagas } from './sagas.fixture.js';

const CALL = 'effects.reservations.call';
const SECOND_TRY = {
  ...{ operation: 'confirm', try: 2, dueAt: '2030-01-01T00:00:05.000Z', after: 'timeout' },
  ...{ call: MERCHANT_CALL, at: AT },
};

let world: Awaited<ReturnType<typeof sagas>>;
beforeEach(async () => {
  world = await sagas();
});
afterEach(() => world.stop());

describe('a step at the merchant', () => {
  it('is called with all that the event says, and reported as the try it was', async () => {
    const { bus, happens } = world;
    await happens('ReservationStarted', { call: MERCHANT_CALL, at: AT });
    expect(bus.askedFor(CALL)).toEqual([{ operation: 'reserve', call: MERCHANT_CALL }]);
    expect(bus.told()).toEqual([
      {
        type: 'RecordReservation',
        operation: 'reserve',
        try: 0,
        outcome: { kind: 'done', reference: 'r-1' },
        sender: 'life-1',
      },
    ]);
  });

  it('that is tried again waits for its time, and is the same call', async () => {
    const { bus, timers, happens } = world;
    await happens('ReservationRetryScheduled', SECOND_TRY);
    await timers.advance(4_999);
    expect(bus.asked).toEqual([]);
    await timers.advance(1);
    expect(bus.askedFor(CALL)).toEqual([{ operation: 'confirm', call: MERCHANT_CALL }]);
    expect(bus.told()).toMatchObject([{ type: 'RecordReservation', operation: 'confirm', try: 2 }]);
    await timers.advance(60_000);
    expect(bus.askedFor(CALL)).toHaveLength(1);
  });

  it('that failed on the way may have been taken: nobody knows what became of it', async () => {
    const { bus, happens } = world;
    bus.errors.set(CALL, [new BusError('timeout', 'x', '')]);
    await happens('ReservationReleaseStarted', { call: MERCHANT_CALL, at: AT });
    expect(bus.told()).toMatchObject([
      { operation: 'release', outcome: { kind: 'unknown', evidence: 'connector_timeout' } },
    ]);
  });

  it('that nobody listened to waits for somebody who does', async () => {
    const { bus, timers, happens, runtime } = world;
    bus.errors.set(CALL, [new BusError('no_responder', 'x', '')]);
    await happens('ReservationStarted', { call: MERCHANT_CALL, at: AT });
    expect([bus.told(), runtime.open]).toEqual([[], 1]);
    await timers.advance(1_000);
    expect(bus.told()).toMatchObject([{ outcome: { kind: 'done' } }]);
  });

  it('whose report got lost is called again under the same key and told by the same command', async () => {
    const { bus, timers, happens } = world;
    bus.errors.set('commands.payment_intent.tell', [new BusError('timeout', 'x', '')]);
    await happens('ReservationStarted', { call: MERCHANT_CALL, at: AT });
    await timers.advance(1_000);
    const [call, again] = bus.askedFor(CALL);
    expect(again).toEqual(call);
    const [first, second] = bus.askedFor('commands.payment_intent.tell');
    expect(second).toEqual(first);
  });
});

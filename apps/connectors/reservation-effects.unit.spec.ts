import { expect, it } from 'vitest';
import type { ReservationCall, ReservationOutcome } from '#domain';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { ReservationDesk, ReservationProvider } from '#reservations';
import { ReservationEffects } from './reservation-effects.js';

const CALL: ReservationCall = {
  participant: 'warehouse',
  key: 'k-1',
  items: [{ sku: 'B-1', quantity: 2 }],
  payee: 'acme-books',
  orderReference: 'PO-1',
  reference: 'r-1',
};

/** Confirms after a while, and answers nothing else. */
class SlowProvider extends ReservationProvider {
  readonly participant = 'warehouse';

  constructor(private readonly timers: VirtualTimers) {
    super();
  }

  confirm({ reference }: ReservationCall): Promise<ReservationOutcome> {
    const outcome: ReservationOutcome = { kind: 'done', reference: reference ?? '' };
    return new Promise((resolve) => this.timers.after(40, () => resolve(outcome)));
  }
  reserve = () => new Promise<never>(() => {});
  release = () => new Promise<never>(() => {});
}

function started() {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const desk = new ReservationDesk([new SlowProvider(timers)], timers, 100);
  return { timers, effects: new ReservationEffects(desk, clock) };
}

it('tells what came of a reservation call and how long it took', async () => {
  const { timers, effects } = started();
  const told = effects.call({ operation: 'confirm', call: CALL });
  await timers.advance(40);
  expect(await told).toEqual({ outcome: { kind: 'done', reference: 'r-1' }, durationMs: 40 });
});

it('tells that nothing is known of a call that nobody answered in time', async () => {
  const { timers, effects } = started();
  const told = effects.call({ operation: 'release', call: CALL });
  await timers.advance(100);
  expect(await told).toEqual({
    outcome: { kind: 'unknown', evidence: 'timeout' },
    durationMs: 100,
  });
});

it('tells that a participant is not configured', async () => {
  const { effects } = started();
  const call = { ...CALL, participant: 'nobody' };
  expect((await effects.call({ operation: 'reserve', call })).outcome).toEqual({
    kind: 'refused',
    code: 'participant_unknown',
  });
});

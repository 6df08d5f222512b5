import { toRfc3339 } from '../shared/time.js';
import { failure } from './failures.js';
import { nextReservationTry } from './ladder.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import type { PaymentIntentState } from './payment-intent.state.js';
import type { ReservationState } from './reservation.state.js';
import { settlingReservation } from './reservation.steps.js';
import { failed, routeRequested } from './steps.js';

/** What became of a step at the merchant. A report about an earlier try than the last one scheduled adds nothing. */
export function reservationEvents(
  command: PaymentIntentCommandOf<'RecordReservation'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const settling = settlingReservation(state);
  const { operation, outcome, nowMs } = command;
  if (settling?.operation !== operation) return [];
  const { reservation } = settling;
  const at = toRfc3339(nowMs);
  if (outcome.kind === 'unknown') return retry(command, state, reservation, outcome.evidence);
  if (operation === 'reserve') {
    return outcome.kind === 'done'
      ? [
          { type: 'ReservationMade', data: { reference: outcome.reference, at } },
          routeRequested(state, at),
        ]
      : refusedEvents(state, reservation, outcome, at);
  }
  if (outcome.kind === 'done')
    return [
      {
        type: operation === 'confirm' ? 'ReservationConfirmed' : 'ReservationReleased',
        data: { at },
      },
    ];
  // A merchant that will not confirm what is paid, or not release what is not: a human must look.
  const reason = `reservation_${operation}_refused`;
  return reservation.parked ? [] : [{ type: 'PaymentParked', data: { number: null, reason, at } }];
}

function refusedEvents(
  state: PaymentIntentState,
  reservation: ReservationState,
  { code, message }: { code: string; message?: string },
  at: string,
): PaymentIntentEvent[] {
  const refusal = failure(
    'reservation_refused',
    `The merchant did not reserve the items: ${code}.`,
  );
  const without = { ...state, reservation: { ...reservation, status: 'refused' as const } };
  return [
    { type: 'ReservationRefused', data: { code, message: message ?? null, at } },
    ...failed(without, refusal, at),
  ];
}

function retry(
  { operation, try: tried, nowMs }: PaymentIntentCommandOf<'RecordReservation'>,
  state: PaymentIntentState,
  { call, tries, parked }: ReservationState,
  evidence: string,
): PaymentIntentEvent[] {
  if (tries > tried || parked) return [];
  const at = toRfc3339(nowMs);
  const next = nextReservationTry(operation, tries + 1, nowMs);
  if (next) {
    const dueAt = toRfc3339(next.dueAtMs);
    const data = { operation, try: tries + 1, dueAt, after: evidence, call, at };
    return [{ type: 'ReservationRetryScheduled', data }];
  }
  if (operation === 'reserve')
    return failed(state, failure('reservation_refused', 'The merchant could not be reached.'), at);
  const reason = `reservation_${operation}_unknown`;
  return [{ type: 'PaymentParked', data: { number: null, reason, at } }];
}

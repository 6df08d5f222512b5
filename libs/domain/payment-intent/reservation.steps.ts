import type { Json } from '../shared/json.js';
import type { ReservationCall, ReservationOperation } from './outcome.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import type { PaymentIntentState } from './payment-intent.state.js';
import type { ReservationState } from './reservation.state.js';

/** What the request asks a merchant to keep for it; null when it asks for nothing. */
export function requestedReservation({ id, request }: PaymentIntentState): ReservationCall | null {
  const asked = request['reservation'] as
    { participant: string; items: ReservationCall['items'] } | null | undefined;
  if (!asked) return null;
  const { participant, items } = asked;
  const payee = (request['payee'] as { id: string }).id;
  const orderReference = text(request['order_reference']);
  return { participant, key: `${id}-reservation`, items, payee, orderReference, reference: null };
}

/** After the money moved. */
export function confirmEvents(state: PaymentIntentState, at: string): PaymentIntentEvent[] {
  const { reservation } = state;
  if (reservation?.status !== 'reserved') return [];
  return [{ type: 'ReservationConfirmStarted', data: { call: reservation.call, at } }];
}

/** When the payment ends without it; also when nobody knows whether it was made. */
export function releaseEvents(state: PaymentIntentState, at: string): PaymentIntentEvent[] {
  const { reservation } = state;
  if (reservation?.status !== 'reserved' && reservation?.status !== 'requested') return [];
  return [{ type: 'ReservationReleaseStarted', data: { call: reservation.call, at } }];
}

/** The step that is still to be settled at the merchant. */
export function settlingReservation({
  reservation,
}: PaymentIntentState): { operation: ReservationOperation; reservation: ReservationState } | null {
  const operation = reservation && STEP_OF[reservation.status];
  return operation ? { operation, reservation } : null;
}

const STEP_OF: Readonly<Partial<Record<ReservationState['status'], ReservationOperation>>> = {
  requested: 'reserve',
  confirming: 'confirm',
  releasing: 'release',
};

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

import type { ReservationCall } from './outcome.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';

export interface ReservationState {
  readonly call: ReservationCall;
  readonly status:
    'requested' | 'reserved' | 'refused' | 'confirming' | 'confirmed' | 'releasing' | 'released';
  /** How many retries of the present step were scheduled. */
  readonly tries: number;
  /** Why nobody but a human calls the merchant any more. */
  readonly parked: string | null;
  readonly refusal: { readonly code: string; readonly message: string | null } | null;
}

export type ReservationEvent = Extract<PaymentIntentEvent, { type: `Reservation${string}` }>;

export function evolveReservation(
  state: ReservationState | null,
  event: ReservationEvent,
): ReservationState | null {
  if (event.type === 'ReservationStarted')
    return { call: event.data.call, status: 'requested', tries: 0, parked: null, refusal: null };
  if (!state) return null;
  switch (event.type) {
    case 'ReservationMade': {
      const { reference } = event.data;
      return { ...state, status: 'reserved', tries: 0, call: { ...state.call, reference } };
    }
    case 'ReservationRefused': {
      const { code, message } = event.data;
      return { ...state, status: 'refused', refusal: { code, message } };
    }
    case 'ReservationConfirmStarted':
      return { ...state, status: 'confirming', tries: 0 };
    case 'ReservationConfirmed':
      return { ...state, status: 'confirmed', parked: null };
    case 'ReservationReleaseStarted':
      return { ...state, status: 'releasing', tries: 0 };
    case 'ReservationReleased':
      return { ...state, status: 'released', parked: null };
    case 'ReservationRetryScheduled':
      return { ...state, tries: event.data.try };
  }
}

import type { HttpClient } from '#platform';
import type { ReservationProvider } from '../reservation.port.js';
import { type HttpParticipant, HttpReservationProvider } from './http.provider.js';

export type { HttpParticipant } from './http.provider.js';
export * from './sandbox.discovery.js';

/** The provider for one participant that speaks our protocol over HTTP. */
export const createHttpReservationProvider = (
  participant: HttpParticipant,
  http: HttpClient,
): ReservationProvider => new HttpReservationProvider(participant, http);

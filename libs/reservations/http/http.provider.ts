import type { ReservationCall, ReservationOperation, ReservationOutcome } from '#domain';
import type { HttpClient } from '#platform';
import { ReservationProvider } from '../reservation.port.js';
import { reservationOutcomeOf, reservationOutcomeOfError } from './reservation.mapping.js';

export interface HttpParticipant {
  participant: string;
  /** `…/reservations` lies below it. */
  baseUrl: string;
}

/** Speaks the protocol of README.md. */
export class HttpReservationProvider extends ReservationProvider {
  readonly participant: string;
  private readonly url: string;

  constructor(
    { participant, baseUrl }: HttpParticipant,
    private readonly http: HttpClient,
  ) {
    super();
    this.participant = participant;
    this.url = `${baseUrl.replace(/\/+$/, '')}/reservations`;
  }

  reserve(call: ReservationCall, signal: AbortSignal): Promise<ReservationOutcome> {
    const { key, items, payee, orderReference } = call;
    const body = { key, items, payee, order_reference: orderReference };
    return this.post('reserve', key, this.url, body, signal);
  }

  confirm({ key }: ReservationCall, signal: AbortSignal): Promise<ReservationOutcome> {
    return this.post('confirm', key, `${this.url}/${encodeURIComponent(key)}/confirm`, {}, signal);
  }

  release({ key }: ReservationCall, signal: AbortSignal): Promise<ReservationOutcome> {
    return this.post('release', key, `${this.url}/${encodeURIComponent(key)}/release`, {}, signal);
  }

  private async post(
    operation: ReservationOperation,
    key: string,
    url: string,
    body: object,
    signal: AbortSignal,
  ): Promise<ReservationOutcome> {
    try {
      const response = await this.http.request({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal,
      });
      return reservationOutcomeOf(operation, key, response);
    } catch (error) {
      return reservationOutcomeOfError(error);
    }
  }
}

import type { ReservationCall, ReservationOutcome } from '#domain';

/**
 * A service that keeps goods aside for a payment. All steps are idempotent by `call.key`; a release of a key that the service has
 * never seen is remembered there, so that a reserve that comes late is refused. May reject, hang or answer late: it is only ever
 * called through `ReservationDesk`.
 */
export abstract class ReservationProvider {
  /** What requests call it in `reservation.participant`. */
  abstract readonly participant: string;
  /** `signal` aborts when the time limit has passed; the answer is of no interest any more. */
  abstract reserve(call: ReservationCall, signal: AbortSignal): Promise<ReservationOutcome>;
  /** Refused after a release. */
  abstract confirm(call: ReservationCall, signal: AbortSignal): Promise<ReservationOutcome>;
  /** Refused after a confirmation. */
  abstract release(call: ReservationCall, signal: AbortSignal): Promise<ReservationOutcome>;
}

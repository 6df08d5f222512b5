import type { ReservationCall, ReservationOperation, ReservationOutcome } from '#domain';
import type { Timers } from '#platform';
import type { ReservationProvider } from './reservation.port.js';

const TIMEOUT_MS = 2_000;

/** The only way to call a reservation service: found by its name, limited in time. */
export class ReservationDesk {
  private readonly providers: ReadonlyMap<string, ReservationProvider>;

  /** A later provider takes the place of an earlier one for the same participant. */
  constructor(
    providers: readonly ReservationProvider[],
    private readonly timers: Timers,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {
    this.providers = new Map(providers.map((provider) => [provider.participant, provider]));
  }

  /** Never rejects. */
  async call(operation: ReservationOperation, call: ReservationCall): Promise<ReservationOutcome> {
    const provider = this.providers.get(call.participant);
    if (!provider) return { kind: 'refused', code: 'participant_unknown' };
    const controller = new AbortController();
    let cancel = (): void => undefined;
    const limit = new Promise<ReservationOutcome>((resolve) => {
      cancel = this.timers.after(this.timeoutMs, () => {
        resolve({ kind: 'unknown', evidence: 'timeout' });
        controller.abort();
      });
    });
    try {
      return await Promise.race([limit, provider[operation](call, controller.signal)]);
    } catch {
      return { kind: 'unknown', evidence: 'provider_failed' };
    } finally {
      cancel();
    }
  }
}

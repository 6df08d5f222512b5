import { Injectable } from '@nestjs/common';
import type { Messages } from '#contracts';
import { Clock } from '#platform';
import { ReservationDesk } from '#reservations';

type Reservation = Messages['effects.reservations.call'];

/** The calls to reservation services, and what came of them. */
@Injectable()
export class ReservationEffects {
  constructor(
    private readonly desk: ReservationDesk,
    private readonly clock: Clock,
  ) {}

  async call({ operation, call }: Reservation['request']): Promise<Reservation['reply']> {
    const startedMs = this.clock.monotonicMs();
    const outcome = await this.desk.call(operation, call);
    return { outcome, durationMs: this.clock.monotonicMs() - startedMs };
  }
}

import {
  type LimitFigures,
  type MandateEvent,
  type MandateState,
  limitFigures,
  mandateDecider,
  toEpochMs,
} from '#domain';
import { type EventStore, readWholeStream } from '#event-store';

/** A mandate's state as far as its stream was read. */
interface Folded {
  state: MandateState;
  nextRevision: number;
  /** One reader at a time: the state is changed in place. */
  turn: Promise<void>;
}

export interface MandateStanding {
  /** `expired` once `valid_until` has passed. */
  status: 'active' | 'revoked' | 'expired';
  limits: LimitFigures[];
}

const KEPT_MAX = 1_000;

/**
 * Limits of mandates as their streams tell them at the moment of asking. States are kept, so that only what happened since is
 * read; a mandate that is asked for rarely is read again from its beginning.
 */
export class MandateFigures {
  private readonly kept = new Map<string, Folded>();

  constructor(private readonly store: EventStore) {}

  /** `mandate`: `mnd_…`. Null when there is none. */
  async standing(mandate: string, nowMs: number): Promise<MandateStanding | null> {
    const folded = this.keep(mandate);
    const readOn = () => this.readOn(mandate, folded);
    folded.turn = folded.turn.then(readOn, readOn);
    await folded.turn;
    const { state } = folded;
    if (!state.terms) return null;
    const until = state.terms.valid_until;
    const expired = until !== undefined && nowMs >= toEpochMs(until);
    return {
      status: state.status === 'active' && expired ? 'expired' : state.status,
      limits: limitFigures(state, null, nowMs),
    };
  }

  private async readOn(mandate: string, folded: Folded): Promise<void> {
    const stream = `mandate-${mandate.replace(/^mnd_/, '')}`;
    for await (const event of readWholeStream(this.store, stream, folded.nextRevision)) {
      folded.state = mandateDecider.evolve(folded.state, event as unknown as MandateEvent);
      folded.nextRevision = event.revision + 1;
    }
  }

  /** Those asked for last are at the end. */
  private keep(mandate: string): Folded {
    const folded = this.kept.get(mandate) ?? {
      state: mandateDecider.initial(),
      nextRevision: 0,
      turn: Promise.resolve(),
    };
    this.kept.delete(mandate);
    this.kept.set(mandate, folded);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT_MAX && oldest !== undefined) this.kept.delete(oldest);
    return folded;
  }
}

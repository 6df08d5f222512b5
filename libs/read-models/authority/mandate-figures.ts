import {
  type LimitFigures,
  type MandateEvent,
  type MandateState,
  type MandateTerms,
  limitFigures,
  mandateDecider,
  mandateSnapshot,
  toEpochMs,
} from '#domain';
import { type EventStore, readWholeStream } from '#event-store';
import type { MandateSnapshots } from './mandate-snapshots.port.js';

/** A mandate's state as far as its stream was read. */
interface Folded {
  state: MandateState;
  nextRevision: number;
  /** One reader at a time: the state is changed in place. */
  turn: Promise<void>;
}

export interface MandateStanding {
  /** `expired` once `valid_until` has passed. A mandate is never more than the ones above it. */
  status: 'active' | 'revoked' | 'expired';
  /** Its own, then those of the mandates above, with `parent.` before the rule for each step up. */
  limits: LimitFigures[];
}

const KEPT_MAX = 1_000;

/**
 * Limits of mandates as their streams tell them at the moment of asking. States are kept, so that only what happened since is
 * read; a mandate that is asked for rarely is read again from its beginning.
 */
export class MandateFigures {
  private readonly kept = new Map<string, Folded>();

  constructor(
    private readonly store: EventStore,
    private readonly snapshots: MandateSnapshots | null = null,
  ) {}

  /** `mandate`: `mnd_…`. Null when there is none. */
  async standing(mandate: string, nowMs: number): Promise<MandateStanding | null> {
    const folded = this.keep(mandate);
    const readOn = () => this.readOn(mandate, folded);
    folded.turn = folded.turn.then(readOn, readOn);
    await folded.turn;
    const { terms } = folded.state;
    if (!terms) return null;
    const own: MandateStanding = {
      status: statusOf(folded.state, terms, nowMs),
      limits: limitFigures(folded.state, null, nowMs),
    };
    const above = terms.parent ? await this.standing(terms.parent, nowMs) : null;
    return above ? under(own, above) : own;
  }

  private async readOn(mandate: string, folded: Folded): Promise<void> {
    const stream = `mandate-${mandate.replace(/^mnd_/, '')}`;
    if (folded.nextRevision === 0) await this.beginAtSnapshot(stream, folded);
    for await (const event of readWholeStream(this.store, stream, folded.nextRevision)) {
      folded.state = mandateDecider.evolve(folded.state, event as unknown as MandateEvent);
      folded.nextRevision = event.revision + 1;
    }
  }

  /** Only when the stream has the event that it was taken after; otherwise it belongs to another history. */
  private async beginAtSnapshot(stream: string, folded: Folded): Promise<void> {
    const saved = this.savedState(stream);
    if (!saved) return;
    for await (const { id } of readWholeStream(this.store, stream, saved.revision)) {
      if (id === saved.eventId)
        Object.assign(folded, { state: saved.state, nextRevision: saved.revision + 1 });
      return;
    }
  }

  private savedState(stream: string) {
    try {
      const saved = this.snapshots?.load(stream);
      if (saved?.version !== mandateSnapshot.version) return null;
      return { ...saved, state: mandateSnapshot.restore(saved.state) };
    } catch {
      return null;
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

const WORST_FIRST = ['revoked', 'expired', 'active'] as const;

function statusOf(
  { status }: MandateState,
  { valid_until }: MandateTerms,
  nowMs: number,
): MandateStanding['status'] {
  const expired = valid_until !== undefined && nowMs >= toEpochMs(valid_until);
  return status === 'active' && expired ? 'expired' : status;
}

function under(own: MandateStanding, above: MandateStanding): MandateStanding {
  const inherited = above.limits.map((limit) => ({ ...limit, rule: `parent.${limit.rule}` }));
  return {
    status:
      WORST_FIRST.find((status) => status === own.status || status === above.status) ?? own.status,
    limits: [...own.limits, ...inherited],
  };
}

import type { Clock, Random } from '#platform';
import { Card } from '#processors';
import { type MarkKeys, marksOf } from '../card-marks.js';
import {
  type CardActivity,
  type CardMarks,
  type CardPlace,
  type NewCard,
  Vault,
} from '../vault.port.js';
import { DAY_MS, HOUR_MS, MINUTES_10_MS } from '../windows.js';

interface Kept {
  card: Card;
  marks: CardMarks;
  by: string;
  processorTokens: Map<string, string>;
}

interface Sighting {
  tenant: string;
  by: string;
  kind: 'card' | 'decline';
  fingerprint: string;
  atMs: number;
}

/** A vault that is gone with its process: for simulations and tests. */
export class MemoryVault extends Vault {
  private readonly keys = new Map<string, MarkKeys>();
  /** Null: erased. */
  private readonly kept = new Map<string, Kept | null>();
  private sightings: Sighting[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    super();
  }

  async marksOf(tenant: string, card: Card): Promise<CardMarks> {
    const made = { fingerprint: this.random.bytes(32), request: this.random.bytes(32) };
    const keys = this.keys.get(tenant) ?? made;
    this.keys.set(tenant, keys);
    return marksOf(card, keys);
  }

  async keep(place: CardPlace, { card, marks, by }: NewCard): Promise<'kept' | 'taken'> {
    const earlier = this.kept.get(nameOf(place));
    if (earlier === null) return 'taken';
    if (earlier) return earlier.marks.request === marks.request ? 'kept' : 'taken';
    const { number, expMonth, expYear } = card;
    const withoutCvc = new Card({ number, expMonth, expYear });
    this.kept.set(nameOf(place), { card: withoutCvc, marks, by, processorTokens: new Map() });
    return 'kept';
  }

  async card(place: CardPlace): Promise<Card | null> {
    return this.kept.get(nameOf(place))?.card ?? null;
  }

  async keepProcessorToken(place: CardPlace, processor: string, token: string): Promise<void> {
    const tokens = this.kept.get(nameOf(place))?.processorTokens;
    if (tokens && !tokens.has(processor)) tokens.set(processor, token);
  }

  async processorToken(place: CardPlace, processor: string): Promise<string | null> {
    return this.kept.get(nameOf(place))?.processorTokens.get(processor) ?? null;
  }

  async erase(place: CardPlace): Promise<void> {
    this.kept.set(nameOf(place), null);
  }

  async noteCard(seen: { tenant: string; by: string; fingerprint: string }): Promise<CardActivity> {
    const nowMs = this.clock.now();
    this.sightings = this.sightings.filter(({ atMs }) => atMs > nowMs - DAY_MS);
    this.sightings.push({ ...seen, kind: 'card', atMs: nowMs });
    const within = (kind: Sighting['kind'], windowMs: number) =>
      this.sightings.filter(
        (each) =>
          each.kind === kind &&
          each.tenant === seen.tenant &&
          each.by === seen.by &&
          each.atMs > nowMs - windowMs,
      );
    const cards = (windowMs: number) =>
      new Set(within('card', windowMs).map(({ fingerprint }) => fingerprint)).size;
    return {
      cardsLast10Minutes: cards(MINUTES_10_MS),
      cardsLastHour: cards(HOUR_MS),
      cardsLastDay: cards(DAY_MS),
      declinesLastHour: within('decline', HOUR_MS).length,
      declinesLastDay: within('decline', DAY_MS).length,
    };
  }

  async noteDecline(place: CardPlace): Promise<void> {
    const found = this.kept.get(nameOf(place));
    if (!found) return;
    const { by, marks } = found;
    const { fingerprint } = marks;
    const atMs = this.clock.now();
    this.sightings.push({ tenant: place.tenant, by, kind: 'decline', fingerprint, atMs });
  }
}

function nameOf({ tenant, token }: CardPlace): string {
  return `${tenant}/${token}`;
}

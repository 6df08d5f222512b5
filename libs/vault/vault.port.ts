import type { Card } from '#processors';

/** Where a card is: whose it is, and the token that stands for it. */
export interface CardPlace {
  tenant: string;
  /** `pm_…` */
  token: string;
}

/** What a card is recognised by where it is not: HMACs, each under a key of its own, different for every tenant. */
export interface CardMarks {
  /** Of the number: the same card, whenever and by whom it comes. */
  fingerprint: string;
  /** Of number and expiry: the same request. Never of the CVC. */
  request: string;
}

export interface NewCard {
  card: Card;
  marks: CardMarks;
  /** Who brought it: an agent, or a person's key. */
  by: string;
}

/** What somebody brought lately, this card included, and what became of it. */
export interface CardActivity {
  /** Different card numbers. */
  cardsLast10Minutes: number;
  cardsLastHour: number;
  cardsLastDay: number;
  /** Payments with them that a processor declined. */
  declinesLastHour: number;
  declinesLastDay: number;
}

/** The vault cannot be used now: it is not configured, its file cannot be read or written, or its key is missing. */
export class VaultUnavailableError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'VaultUnavailableError';
  }
}

/**
 * Keeps cards, and processors' tokens for them, so that nobody else has to. Never the CVC. Every method may reject with
 * VaultUnavailableError.
 */
export abstract class Vault {
  abstract marksOf(tenant: string, card: Card): Promise<CardMarks>;
  /**
   * `kept`: it is on the disk, now or since it came before. `taken`: the token stands for another card, or for one that was erased.
   */
  abstract keep(place: CardPlace, card: NewCard): Promise<'kept' | 'taken'>;
  /** Without its CVC. Null: nothing is kept under this token, or not any more. */
  abstract card(place: CardPlace): Promise<Card | null>;
  /** Does nothing when the card was erased meanwhile. The first token for a processor stays. */
  abstract keepProcessorToken(place: CardPlace, processor: string, token: string): Promise<void>;
  /** Null: none was kept. */
  abstract processorToken(place: CardPlace, processor: string): Promise<string | null>;
  /** Destroys the card and all that belongs to it. The token stands for nothing any more, for ever. */
  abstract erase(place: CardPlace): Promise<void>;
  /** Notes that somebody brought a card, and says what the same one brought lately. */
  abstract noteCard(seen: {
    tenant: string;
    by: string;
    fingerprint: string;
  }): Promise<CardActivity>;
  /** Notes a decline against whoever brought the card. */
  abstract noteDecline(place: CardPlace): Promise<void>;
}

import type { BooksWindow, Outcome, PrepareOutcome, RefundOutcome, TheirRecord } from '#domain';
import type { Card } from './card.js';

/** What a processor can do, as data: routing, the resolution ladder and the documentation read it. */
export interface ProcessorCapabilities {
  /** `two_step`: an unconfirmed charge is created first, so its id exists before money can move, and cancelling it is a fence. */
  authorization: 'one_step' | 'two_step';
  /** Whether `fence` can prove that an attempt never takes money. */
  fence: boolean;
  /** Whether `lookUp` can find a charge. A positive answer is final; "not found" never is. */
  lookUp: boolean;
  idempotencyKey: {
    lengthMax: number;
    /** A key older than this is never re-sent: it might be a new charge. */
    safeForMs: number;
  };
  currencies: 'all' | readonly string[];
  /** Digits after the decimal point where this processor disagrees with ISO 4217, by currency. */
  minorUnits: Readonly<Record<string, number>>;
  /** What `paymentMethod` may stand for. */
  methods: readonly 'card'[];
  /** The largest amount of one charge, in the processor's minor units, whatever the currency; null: not documented. */
  amountMax: number | null;
  /** What is only taken on (`accepted`) when it is called; a notification or a look-up tells the end. */
  decidesLater: readonly ('capture' | 'void' | 'refund')[];
  /** How long a hold lasts; afterwards nothing is held and a capture is declined. */
  authorizationValidForMs: number;
  /** How long its calls are waited for; without them as long as one that is next door needs. */
  timeLimits?: TimeLimits;
}

/** A soft and a harmless deadline together are at most 12 s: whoever asks for both in one call gives up after 15. */
export interface TimeLimits {
  /** How long a caller waits for a money call; after it the outcome is `unknown`, evidence `soft_deadline`. */
  softDeadlineMs: number;
  /** How long the connection of such a call stays open for a late answer; at most 60 s. */
  hardDeadlineMs: number;
  /** For calls that move no money (prepare, provision, look-up, ping): given up after this. */
  harmlessDeadlineMs: number;
}

/** One attempt, as every call about it is told. All calls of one attempt derive their idempotency keys from `key`. */
export interface AttemptOrder {
  /** Unique per attempt, e.g. `<intent id>-<attempt number>`; also the merchant reference. At most 40 characters. */
  key: string;
  /** What the call is about: the amount to hold, to take, or to give back. */
  amountMinor: number;
  currency: string;
  /** The token that stands for the card at this processor. */
  paymentMethod: string;
  /** The processor's own id, once known (two-step processors know it before money moves). */
  reference?: string;
  /** Which refund of the charge is meant, in calls about refunds. */
  refund?: {
    /** The refund's own idempotency key, e.g. `<attempt key>-r<refund number>`. At most 40 characters. */
    key: string;
    /** The processor's own id of the refund, once known. */
    reference?: string;
  };
}

/**
 * A payment processor. Stateless; every call is a fresh try with the key derived from the order, so repeating a call is
 * safe at the processor while the key is safe. Calls never throw: what cannot be classified is `unknown`.
 */
export abstract class Processor {
  abstract readonly name: string;
  abstract readonly capabilities: ProcessorCapabilities;

  /** Two-step processors only: creates the unconfirmed charge. Moves no money. */
  abstract prepare(order: AttemptOrder, signal: AbortSignal): Promise<PrepareOutcome>;
  /** Holds the amount (confirms `order.reference` at a two-step processor). */
  abstract authorize(order: AttemptOrder, signal: AbortSignal): Promise<Outcome>;
  /** Takes `amountMinor` of what is held, once; the rest is let go. Needs `order.reference`. */
  abstract capture(order: AttemptOrder, signal: AbortSignal): Promise<Outcome>;
  /** Lets go of what is held. `succeeded` means nothing is held any more. Needs `order.reference`. */
  abstract void(order: AttemptOrder, signal: AbortSignal): Promise<Outcome>;
  /**
   * Gives `amountMinor` of what was taken back. Needs `order.reference` and `order.refund`. The reference of the outcome is
   * the refund's; `accepted` means that `lookUpRefund` will tell the end of it.
   */
  abstract refund(order: AttemptOrder, signal: AbortSignal): Promise<RefundOutcome>;
  /**
   * Asks what became of the refund: `accepted` while it is pending, `declined` when it failed for good, `unknown` when it was
   * not found (the slow original can land later) and when asking failed.
   */
  abstract lookUpRefund(order: AttemptOrder, signal: AbortSignal): Promise<RefundOutcome>;
  /**
   * Asks what became of the attempt. `authorized`, `captured` and `voided` (also: the hold has expired) are facts; `unproven`
   * covers "not found" (the slow original can land later), an unconfirmed charge, and every failure to ask.
   */
  abstract lookUp(order: AttemptOrder, signal: AbortSignal): Promise<LookUpAnswer>;
  /** Makes sure that the attempt never takes money: `fenced`, or `succeeded` when it already had, or `unknown`. */
  abstract fence(order: AttemptOrder, signal: AbortSignal): Promise<Outcome>;
  /**
   * Exchanges a card for the processor's own token, to be used as `paymentMethod`. Moves no money. Repeating it with the same
   * key gives the same token, or another one for the same card.
   */
  abstract provision(card: Card, key: string, signal: AbortSignal): Promise<ProvisionOutcome>;
  /**
   * A page of the processor's own records, charges and refunds, that it made in the window; what it declined or never confirmed may
   * be among them. The cursor of the first page is null, and every other one is the `next` of the page before.
   */
  abstract list(
    window: BooksWindow,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<ListAnswer>;
  /** Cheap and harmless: resolves when the processor answers at all. */
  abstract ping(signal: AbortSignal): Promise<void>;
}

export type LookUpAnswer =
  | {
      state: 'authorized' | 'captured' | 'voided';
      reference: string;
      amountMinor: number;
      currency: string;
    }
  | { state: 'declined'; code: string; category: 'soft' | 'hard'; message?: string }
  /** The buyer has something to do at `url`; nothing is held yet. */
  | { state: 'action_required'; reference: string; url: string }
  | { state: 'unproven'; evidence: string };

export type ListAnswer =
  /** `next` null: that was all. `asOfMs`: what is listed is as it was then; as it is, where it is not said. */
  | { kind: 'listed'; records: readonly TheirRecord[]; next: string | null; asOfMs?: number }
  /** Nothing may be concluded from what was listed before, either. */
  | { kind: 'failed'; evidence: string };

export type ProvisionOutcome =
  | { kind: 'provisioned'; token: string }
  /** A definite no about this card. */
  | { kind: 'declined'; code: string; message?: string }
  /** Nothing is known; it may be tried again. */
  | { kind: 'failed'; evidence: string };

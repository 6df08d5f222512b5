/** Two sets of books in the same words: what we recorded, and what the processor lists. */

export type BookedSubject = 'charge' | 'refund';

/**
 * Where the money is. Of a charge: `none` is held, not yet or never, `held`, `captured`, or `voided`: it was held and let go. Of a
 * refund: `pending`, `returned`, or `failed`.
 */
export type BookedState =
  'none' | 'held' | 'captured' | 'voided' | 'pending' | 'returned' | 'failed';

interface Booked {
  readonly subject: BookedSubject;
  readonly state: BookedState;
  /** What was taken of a captured charge, otherwise what is or was meant to be; ISO 4217 minor units. */
  readonly amountMinor: number;
  readonly currency: string;
  /** Epoch milliseconds: when it began, by the clock of whose books these are. */
  readonly atMs: number;
}

export interface OurRecord extends Booked {
  /** `<intent id>-<n>`, and `<intent id>-<n>-r<m>` for a refund. */
  readonly key: string;
  /** The processor's name for it, once known. */
  readonly reference: string | null;
  readonly tenant: string;
  /** `pi_…` */
  readonly payment: string;
  /** A call about it has no outcome yet, or the processor decides later. */
  readonly open: boolean;
  /** Since when the processor's record is known to be there: it was made between `atMs` and then. */
  readonly knownAtMs: number | null;
  readonly changedAtMs: number;
}

export interface TheirRecord extends Booked {
  readonly reference: string;
  /** Our key, where the record carries one. */
  readonly key: string | null;
}

/** Records that began in [fromMs, toMs). */
export interface BooksWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

import type { OperationConcluded } from '../shared/operation.js';
import type { Price } from './price.js';
import type { RateEvidence } from './rate-evidence.js';

/** Whom a quote is for. */
export interface QuotePayee {
  readonly id: string;
  /** ISO 3166-1; null when nobody told. */
  readonly country: string | null;
}

/** What somebody wants to know the price of. */
export interface WantedQuote {
  /** `qt_…` */
  readonly id: string;
  readonly tenant: string;
  readonly agent: string;
  /** Null: whoever is paid with it. */
  readonly payee: QuotePayee | null;
  readonly amountMinor: number;
  readonly currency: string;
  readonly chargeCurrency: string;
}

/** `intent`: the id of a payment intent. */
export type QuoteEvent =
  | { type: 'QuoteRequested'; data: WantedQuote & { at: string } }
  /** From here on the price stands, until `expiresAt`. */
  | {
      type: 'QuoteIssued';
      data: { price: Price; rate: RateEvidence; expiresAt: string; at: string };
    }
  /** It is one payment's, and no other's. */
  | { type: 'QuoteUsed'; data: { intent: string; at: string } }
  /** That payment is over and moved no money. Also recorded for one that never used it: it cannot do so later. */
  | { type: 'QuoteReleased'; data: { intent: string; at: string } }
  | OperationConcluded;

import type { Outcome, RefundOutcome } from './outcome.js';

/**
 * What a processor tells unasked. It is evidence like an answer, never an order: what it changes is decided here, in whatever
 * order and however often notices arrive. Amounts in ISO 4217 minor units.
 */
export interface ProcessorNotice {
  /** The processor's own id of the notice, the same in every repetition. */
  readonly id: string;
  /** The processor's word for what happened, e.g. `payment_intent.succeeded`. */
  readonly type: string;
  /** RFC 3339: when it happened there. */
  readonly at: string;
  /** The key of our attempt, where the notice carries it; without one it is matched by `reference`. */
  readonly attemptKey: string | null;
  /** The processor's name for the charge; null when the notice is about none. */
  readonly reference: string | null;
  readonly meaning: NoticeMeaning;
}

export type NoticeMeaning =
  | { readonly about: 'authorize' | 'capture' | 'void'; readonly outcome: Outcome }
  /** `refundKey`: our key of the refund, where the notice carries it. */
  | {
      readonly about: 'refund';
      readonly refundKey: string | null;
      readonly outcome: RefundOutcome;
    }
  | { readonly about: 'dispute'; readonly dispute: DisputeNotice }
  /** What the processor paid out (or, negative, took back) for one charge or refund, and what it kept of it. */
  | {
      readonly about: 'settlement';
      readonly amountMinor: number;
      readonly feeMinor: number;
      readonly currency: string;
      readonly batch: string;
    }
  /** Known to be of no consequence, or of a type nobody knows yet; kept. */
  | { readonly about: 'nothing' };

export interface DisputeNotice {
  /** The processor's name for the dispute. */
  readonly reference: string;
  /** `evidence_due`: something is asked, nothing was taken yet. `opened`: the money was taken back until it is decided. */
  readonly state: 'opened' | 'evidence_due' | 'won' | 'lost';
  readonly amountMinor: number;
  readonly currency: string;
  /** The processor's code of the reason. */
  readonly reason: string;
  /** RFC 3339; null when no evidence is asked for. */
  readonly evidenceDueAt: string | null;
}

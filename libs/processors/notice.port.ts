import type { Outcome, RefundOutcome } from '#domain';

/**
 * What a processor tells unasked (a webhook). It is evidence like an answer, never an order: the domain decides what it
 * changes, in whatever order and however often notices arrive. Amounts in ISO 4217 minor units.
 */
export interface ProcessorNotice {
  /** The processor's own id of the notice, the same in every repetition. */
  id: string;
  /** The processor's word for what happened, e.g. `payment_intent.succeeded`. */
  type: string;
  /** RFC 3339: when it happened there. */
  at: string;
  /** The key of our attempt, where the notice carries it; without one it is matched by `reference`. */
  attemptKey: string | null;
  /** The processor's name for the charge; null when the notice is about none. */
  reference: string | null;
  meaning: NoticeMeaning;
}

export type NoticeMeaning =
  | { about: 'authorize'; outcome: Outcome }
  | { about: 'capture'; outcome: Outcome }
  | { about: 'void'; outcome: Outcome }
  /** `refundKey`: our key of the refund, where the notice carries it. */
  | { about: 'refund'; refundKey: string | null; outcome: RefundOutcome }
  | { about: 'dispute'; dispute: DisputeNotice }
  /** What the processor paid out, or kept, for one charge or refund. */
  | { about: 'settlement'; amountMinor: number; feeMinor: number; currency: string; batch: string }
  /** Known to be of no consequence, or of a type nobody knows yet; kept. */
  | { about: 'nothing' };

export interface DisputeNotice {
  reference: string;
  state: 'opened' | 'evidence_due' | 'won' | 'lost';
  amountMinor: number;
  currency: string;
  /** The processor's code of the reason. */
  reason: string;
  /** RFC 3339; null when no evidence is asked for. */
  evidenceDueAt: string | null;
}

export type NoticeReading =
  | { ok: true; notices: readonly ProcessorNotice[] }
  /** `signature_invalid` also covers a time stamp outside of the replay window. Nothing of the body was believed. */
  | { ok: false; code: 'signature_invalid' | 'malformed' };

/** Verifies and reads the raw body of a webhook. Never throws, and takes nothing from a body it could not verify. */
export abstract class NoticeReader {
  /** The processor that sends these; also the last part of the address, `/webhooks/<name>`. */
  abstract readonly processor: string;
  /** Header names are lower-case. `nowMs`: epoch milliseconds, for the replay window. */
  abstract read(
    body: Uint8Array,
    headers: Readonly<Record<string, string | undefined>>,
    nowMs: number,
  ): NoticeReading;
}

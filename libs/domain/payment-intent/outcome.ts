/**
 * What one call to a processor can mean. Sealed: failing over from anything but `declined` soft, `not_executed` and
 * `fenced` is impossible because no other kind can be turned into a next attempt.
 */
export type Outcome =
  /** A definite yes whose echo of amount, currency and reference equals what was meant. */
  | {
      kind: 'succeeded';
      /** The processor's name for the charge. */
      reference: string;
      /** ISO 4217 minor units, as echoed. */
      amountMinor: number;
      currency: string;
      /** What the processor's own fraud screen thinks of an authorization, where it has one. */
      risk?: ProcessorRisk;
    }
  /** Taken on: a capture or a void is carried out later. Until a notification or a look-up tells the end, money is where it was. */
  | { kind: 'accepted'; reference: string }
  /** The buyer has to do something at `url` first, such as 3-D Secure. No money is held yet. */
  | { kind: 'action_required'; reference: string; url: string }
  /** A definite no. `soft`: another processor may say yes; `hard`: nobody should be asked again. */
  | {
      kind: 'declined';
      category: 'soft' | 'hard';
      code: string;
      /** The processor's own words: data from outside, shown only under `untrusted`. */
      message?: string;
      reference?: string;
    }
  /** Proof that this call was not executed: refused, no byte written, documented rejection before execution. */
  | { kind: 'not_executed'; evidence: string }
  /** Anything else: time-out or reset after a byte was written, any 5xx, unreadable or unequal answers. */
  | { kind: 'unknown'; evidence: string }
  /** Proof that the attempt can never take money any more. */
  | { kind: 'fenced'; evidence: string };

export interface ProcessorRisk {
  /** From 0, harmless, to 100; null where the processor gives none. */
  score: number | null;
  verdict: 'allow' | 'review' | 'block';
  /** The processor's word for it, such as `elevated`. */
  level: string;
}

/** What the first step at a two-step processor can mean. It moves no money, so a lost answer is `not_executed`. */
export type PrepareOutcome =
  { kind: 'prepared'; reference: string } | Extract<Outcome, { kind: 'declined' | 'not_executed' }>;

/** What a refund can mean. `accepted`: the processor took it on and decides later; nothing has come back yet. */
export type RefundOutcome = Exclude<Outcome, { kind: 'fenced' | 'action_required' }>;

/** The steps of a reservation at a merchant. All are told by the same key, so that each may be repeated. */
export type ReservationOperation = 'reserve' | 'confirm' | 'release';

/**
 * What a call to a reservation service can mean. `refused` is a definite no. `unknown` is everything else, also what was not
 * sent: a reservation holds no money, so the same call is simply made again.
 */
export type ReservationOutcome =
  | { kind: 'done'; reference: string }
  | { kind: 'refused'; code: string; message?: string }
  | { kind: 'unknown'; evidence: string };

/** All that a reservation service is told. `key`: unique per reservation; repeats and later steps name it. */
export interface ReservationCall {
  readonly participant: string;
  readonly key: string;
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
  readonly payee: string;
  readonly orderReference: string;
  /** The service's own name for the reservation, once known. */
  readonly reference: string | null;
}

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
    }
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

/** What the first step at a two-step processor can mean. It moves no money, so a lost answer is `not_executed`. */
export type PrepareOutcome =
  { kind: 'prepared'; reference: string } | Extract<Outcome, { kind: 'declined' | 'not_executed' }>;

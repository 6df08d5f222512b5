/** What one source says one of `from` is worth in `to`, and what that was derived from. */
export interface RateOpinion {
  readonly source: string;
  /** Decimal. */
  readonly rate: string;
  /** What the source gives for one unit of this currency. */
  readonly base: string;
  /** Decimals; 1 for the base itself. */
  readonly legs: { readonly from: string; readonly to: string };
  /** Of the rates, as the source says. RFC 3339. */
  readonly asOf: string;
  readonly fetchedAt: string;
  /** From then on it is too old. */
  readonly goodUntil: string;
}

/** Why a source has no say. */
export type NoOpinionReason =
  | 'unreachable'
  | 'refused'
  | 'unreadable'
  | 'timeout'
  | 'provider_failed'
  | 'stale'
  | 'from_the_future'
  | 'currency_not_covered';

export interface NoOpinion {
  readonly source: string;
  readonly reason: NoOpinionReason;
  /** In a few words, for the audit. */
  readonly detail: string;
}

/** A definite rate, and everything it rests on. */
export interface RateEvidence {
  readonly from: string;
  readonly to: string;
  /** Decimal: one of `from` is worth this much of `to`. */
  readonly rate: string;
  /** Whose it is: the first source, in order of preference, that has a say. `none`: both currencies are the same. */
  readonly source: string;
  readonly asOf: string;
  readonly opinions: readonly RateOpinion[];
  readonly noOpinions: readonly NoOpinion[];
  /** How far, in millionths, the others may be away from it. */
  readonly tolerancePpm: number;
}

/** `no_rate`: nobody has a say now. `too_few_sources`: not as many as are needed. */
export type NoRateReason =
  'no_rate' | 'too_few_sources' | 'sources_disagree' | 'currency_not_covered';

export interface NoRate {
  readonly reason: NoRateReason;
  readonly opinions: readonly RateOpinion[];
  readonly noOpinions: readonly NoOpinion[];
}

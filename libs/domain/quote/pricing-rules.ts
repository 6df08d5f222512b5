/** Shares are in millionths of the converted amount, so that no rule ever holds a fraction; below zero they are discounts. */
export type PricingRule =
  | {
      kind: 'markup';
      name: string;
      ppm: number;
      /** `conversions`: only where the currency changes. */
      on: 'conversions' | 'everything';
    }
  /** By where the payee is. A payee that nobody named, or whose country nobody told, is elsewhere. */
  | {
      kind: 'regional';
      name: string;
      countries: Readonly<Record<string, number>>;
      elsewherePpm: number;
    }
  /** By how much is bought, in the currency it is asked in: the highest tier that is reached counts, for all of it. */
  | {
      kind: 'volume';
      name: string;
      tiers: Readonly<Record<string, readonly { fromMinor: number; ppm: number }[]>>;
    };

/** What a price is made by. A version never changes: another price is another version. */
export interface PricingRules {
  readonly version: string;
  readonly rules: readonly PricingRule[];
  /** Minor units that a price in a currency is a multiple of, where that is not 1. */
  readonly steps: Readonly<Record<string, number>>;
}

/**
 * Prices that every processor can say exactly: some count fewer digits than ISO 4217, and card networks none of the third. Kept by
 * a test against what the processors state.
 */
const STEPS = {
  ...{ CVE: 100, IDR: 100, MGA: 100 },
  ...{ BHD: 10, IQD: 10, JOD: 10, KWD: 10, LYD: 10, OMR: 10, TND: 10 },
};

export const DEFAULT_PRICING: PricingRules = {
  version: '1',
  rules: [
    { kind: 'markup', name: 'conversion', ppm: 10_000, on: 'conversions' },
    {
      kind: 'volume',
      name: 'large_purchases',
      tiers: {
        EUR: [{ fromMinor: 1_000_000, ppm: -2_500 }],
        GBP: [{ fromMinor: 1_000_000, ppm: -2_500 }],
        USD: [{ fromMinor: 1_000_000, ppm: -2_500 }],
      },
    },
  ],
  steps: STEPS,
};

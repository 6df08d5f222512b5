import { DEFAULT_PRICING, type PricingRules } from '#domain';

/** How long a quote stands unless a deployment says otherwise. */
export const QUOTE_VALID_MS = 300_000;

/** How long a quote stands, and what its price is made by. */
export class QuoteTerms {
  constructor(
    readonly validForMs = QUOTE_VALID_MS,
    readonly rules: PricingRules = DEFAULT_PRICING,
  ) {}
}

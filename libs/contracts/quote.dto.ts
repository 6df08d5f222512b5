import { IsCurrencyCode, IsMinorUnits, IsObjectOf } from './fields.js';
import { PayeeRequest } from './payment-intent-request.dto.js';

export const QUOTES_PATH = '/v1/quotes';

/** What the agent wants to know the price of. */
export class QuoteRequest {
  /** Integer, in minor units of the currency: what the purchase costs. */
  @IsMinorUnits()
  amount!: number;

  /** ISO 4217, upper case. */
  @IsCurrencyCode()
  currency!: string;

  /** What is to be charged: ISO 4217, upper case. */
  @IsCurrencyCode()
  charge_currency!: string;

  /** Whom it is for; then it is for nobody else, and the price may depend on the country. */
  @IsObjectOf(() => PayeeRequest, { optional: true })
  payee?: PayeeRequest;
}

export class QuotePayeeResource {
  id!: string;
  country!: string | null;
}

/** One line of a price; their amounts add up to it. */
export class PriceLineResource {
  kind!: 'conversion' | 'markup' | 'regional' | 'volume' | 'rounding';
  rule!: string;
  /** Minor units of the charge currency; below zero for what is taken off. */
  amount!: number;
  /** With every figure that it was made from. */
  because!: string;
}

export class QuotePricingResource {
  /** Of the rules. */
  version!: string;
  lines!: PriceLineResource[];
}

/** What one source said about the rate, or why it had no say. */
export class RateOpinionResource {
  source!: string;
  /** Decimal. */
  rate!: string | null;
  as_of!: string | null;
  reason!: string | null;
}

export class QuoteResource {
  object!: 'quote';
  id!: string;
  /** `used`: it belongs to a payment. */
  status!: 'open' | 'used' | 'expired';
  agent!: string;
  payee!: QuotePayeeResource | null;
  amount!: number;
  currency!: string;
  /** Exactly what is charged, in minor units of the charge currency. */
  charge_amount!: number;
  charge_currency!: string;
  /** Decimal: what one of the currency is worth in the charge currency. */
  rate!: string;
  rate_source!: string;
  rate_as_of!: string;
  /** Every source that was asked. */
  rates!: RateOpinionResource[];
  /** Part of the charge amount that is not the conversion itself. */
  markup!: number;
  pricing!: QuotePricingResource;
  payment_intent!: string | null;
  created_at!: string;
  expires_at!: string;
}

import {
  type Check,
  IsCount,
  IsCurrencyCode,
  IsFormed,
  IsId,
  IsListOf,
  IsListOfObjects,
  IsMinorUnits,
  IsObjectOf,
  IsOneOf,
  IsStringMap,
  IsText,
} from './fields.js';

const PAYMENT_INTENT_ID = /^pi_[a-z2-7]{26}$/;

export function isPaymentIntentId(value: unknown): value is string {
  return typeof value === 'string' && PAYMENT_INTENT_ID.test(value);
}

const AT_LEAST_ONE_ITEM: Check = {
  rule: 'item_required',
  detail: 'must hold at least one item',
  passes: (items) => (items as unknown[]).length > 0,
};

/** Who is paid. */
export class PayeeRequest {
  /** The payee's id as the agent's tenant knows it. */
  @IsText({ max: 128 })
  id!: string;

  @IsText({ max: 200, optional: true })
  name?: string;

  /** Merchant category code, ISO 18245. */
  @IsFormed({ pattern: /^\d{4}$/, form: 'a merchant category code of four digits', optional: true })
  mcc?: string;

  /** ISO 3166-1 alpha-2. */
  @IsFormed({ pattern: /^[A-Z]{2}$/, form: 'an ISO 3166-1 country code', optional: true })
  country?: string;

  @IsFormed({
    pattern: /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/,
    form: 'a lower-case domain name',
    example: 'acme.example',
    optional: true,
  })
  domain?: string;
}

export class ReservationItemRequest {
  @IsText({ max: 64 })
  sku!: string;

  @IsCount({ max: 1_000_000 })
  quantity!: number;
}

export class ReservationRequest {
  /** Who keeps the items: a reservation service that the operator configured. */
  @IsFormed({ pattern: /^[a-z0-9][a-z0-9_-]{0,63}$/, form: 'a short lower-case name' })
  participant!: string;

  @IsListOfObjects(() => ReservationItemRequest, { max: 100, checks: [AT_LEAST_ONE_ITEM] })
  items!: ReservationItemRequest[];
}

/** What the agent wants to buy, once. */
export class PaymentIntentRequest {
  /** Integer, in minor units of the currency. */
  @IsMinorUnits()
  amount!: number;

  /** ISO 4217, upper case. */
  @IsCurrencyCode()
  currency!: string;

  @IsObjectOf(() => PayeeRequest)
  payee!: PayeeRequest;

  /** A token; never card data. */
  @IsId({ prefix: 'pm' })
  payment_method!: string;

  /** The order at the payee: the same payee, order, amount and currency are the same purchase. */
  @IsText({ max: 128 })
  order_reference!: string;

  @IsText({ max: 500, optional: true })
  purpose?: string;

  /** Default: the agent's only active one. */
  @IsId({ prefix: 'mnd', optional: true })
  mandate?: string;

  /** `manual`: the amount is held until it is captured or canceled. */
  @IsOneOf({ values: ['automatic', 'manual'], optional: true })
  capture_method?: 'automatic' | 'manual';

  /** What the merchant is to keep for this payment: reserved before, confirmed after, released when nothing comes of it. */
  @IsObjectOf(() => ReservationRequest, { optional: true })
  reservation?: ReservationRequest;

  /** Earlier payments that look like this purchase and are known to be others. */
  @IsListOf({
    max: 20,
    item: isPaymentIntentId,
    form: 'ids of payment intents',
    schema: { type: 'string', pattern: PAYMENT_INTENT_ID.source },
    optional: true,
  })
  distinct_from?: string[];

  /** The agent's own notes. */
  @IsStringMap({ entries: 20, keyMax: 40, valueMax: 500, optional: true })
  metadata?: Record<string, string>;
}

import { passesLuhn } from './card-number.js';
import { type Check, Field, IsFormed, IsObjectOf } from './fields.js';

const NUMBER = /^\d{12,19}$/;

/** Every rule speaks of the field and none of its value: what was sent is repeated nowhere. */
const CARD_NUMBER: readonly Check[] = [
  {
    rule: 'card_number',
    detail: 'must be a string of 12 to 19 digits',
    passes: (value) => typeof value === 'string' && NUMBER.test(value),
  },
  {
    rule: 'card_number_check',
    detail: 'has a digit that is wrong: the check digit does not fit',
    passes: (value) => typeof value !== 'string' || !NUMBER.test(value) || passesLuhn(value),
  },
];

function integer(min: number, max: number): Check {
  return {
    rule: 'integer',
    detail: `must be an integer from ${min} to ${max}`,
    passes: (value) =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** A card as its holder reads it off. */
export class CardRequest {
  /** Digits only, 12 to 19 of them. */
  @Field(CARD_NUMBER, { type: 'string', pattern: NUMBER.source, writeOnly: true })
  number!: string;

  @Field([integer(1, 12)], { type: 'integer', minimum: 1, maximum: 12 })
  exp_month!: number;

  /** Four digits. */
  @Field([integer(2000, 2099)], { type: 'integer', minimum: 2000, maximum: 2099 })
  exp_year!: number;

  /** Kept in memory for ten minutes at most, and never written anywhere. */
  @IsFormed({ pattern: /^\d{3,4}$/, form: 'a string of three or four digits' })
  cvc!: string;
}

/** A card to be exchanged for a token. */
export class PaymentMethodRequest {
  @IsObjectOf(() => CardRequest)
  card!: CardRequest;
}

import {
  type Check,
  Field,
  type FieldOptions,
  IsDateTime,
  IsFormed,
  IsId,
  IsOneOf,
  IsText,
} from './fields.js';

/** Query strings: every value is text, and a value given twice is a list, which no field takes. */

function IsNumeral({
  min,
  max,
  ...options
}: FieldOptions & { min: number; max: number }): PropertyDecorator {
  const check: Check = {
    rule: 'integer',
    detail: `must be an integer from ${min} to ${max}`,
    passes: (value) =>
      typeof value === 'string' &&
      /^\d{1,16}$/.test(value) &&
      Number(value) >= min &&
      Number(value) <= max,
  };
  return Field([check], { type: 'integer', minimum: min, maximum: max }, options);
}

export class NoQuery {}

export class PageQuery {
  /** Default 20. */
  @IsNumeral({ min: 1, max: 100, optional: true })
  limit?: string;

  /** `next_cursor` of the page before. */
  @IsFormed({
    pattern: /^[A-Za-z0-9_=-]{1,512}$/,
    form: 'the next_cursor of an earlier page',
    optional: true,
  })
  cursor?: string;
}

export class PaymentIntentListQuery extends PageQuery {
  /** `processing`, `requires_approval`, `requires_action`, `requires_capture`, `succeeded`, `failed` or `canceled`. */
  @IsOneOf({
    values: [
      'processing',
      'requires_approval',
      'requires_action',
      'requires_capture',
      'succeeded',
      'failed',
      'canceled',
    ],
    optional: true,
  })
  status?: string;

  @IsId({ prefix: 'agt', optional: true })
  agent?: string;

  /** The payee's id. */
  @IsText({ max: 128, optional: true })
  payee?: string;

  /** Exclusive. */
  @IsDateTime({ optional: true })
  created_after?: string;

  /** Exclusive. */
  @IsDateTime({ optional: true })
  created_before?: string;
}

export class ReconciliationQuery {
  /** Inclusive; default a day before `to`. At most 31 days before it. */
  @IsDateTime({ optional: true })
  from?: string;

  /** Exclusive; default now. */
  @IsDateTime({ optional: true })
  to?: string;
}

export class PaymentIntentEventsQuery {
  /** First revision to show; default 0. */
  @IsNumeral({ min: 0, max: Number.MAX_SAFE_INTEGER, optional: true })
  from_revision?: string;

  /** Only what was recorded up to this instant. */
  @IsDateTime({ optional: true })
  as_of?: string;

  /** Default 100. */
  @IsNumeral({ min: 1, max: 100, optional: true })
  limit?: string;

  /** `next_cursor` of the page before; goes before `from_revision`. */
  @IsNumeral({ min: 0, max: Number.MAX_SAFE_INTEGER, optional: true })
  cursor?: string;
}

export class EventsQuery extends PageQuery {
  /** Id of an event: shows what came after it. */
  @IsId({ prefix: 'evt', optional: true })
  after?: string;
}

export class OperationsQuery {
  /** As it was sent in the header. */
  @IsText({ max: 512 })
  idempotency_key!: string;
}

export class LedgerEntriesQuery extends PageQuery {
  @IsId({ prefix: 'pi', optional: true })
  payment_intent?: string;

  @IsText({ max: 200, optional: true })
  account?: string;
}

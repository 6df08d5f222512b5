import { durationMs, isTimezone } from '#domain';
import {
  type Check,
  Field,
  IsAmountsByCurrency,
  IsDateTime,
  IsFlag,
  IsId,
  IsListOf,
  IsListOfObjects,
  IsObjectOf,
  IsOneOf,
  IsFormed,
  isText,
} from './fields.js';

const COUNT_MAX = 1_000_000_000;

/** A limit over a calendar period or over the last while. */
export class MandateWindowRequest {
  /** Unique within the mandate; violations name it as `window.<name>`. */
  @IsFormed({ pattern: /^[a-z][a-z0-9_]{0,39}$/, form: 'a short lower-case name' })
  name!: string;

  @IsOneOf({ values: ['day', 'week', 'month'], optional: true })
  calendar?: 'day' | 'week' | 'month';

  /** IANA time zone of the calendar; default UTC. */
  @Field(
    [
      {
        rule: 'timezone',
        detail: 'must be an IANA time zone',
        passes: (value) => isText(value, 64) && isTimezone(value),
      },
    ],
    { type: 'string', maxLength: 64, example: 'Europe/Berlin' },
    { optional: true },
  )
  timezone?: string;

  /** ISO 8601 duration of weeks, days, hours, minutes or seconds. */
  @Field(
    [
      {
        rule: 'duration',
        detail: 'must be an ISO 8601 duration of at most 366 days, as PT1H or P7D',
        passes: isWindowLength,
      },
    ],
    { type: 'string', maxLength: 32, example: 'PT1H' },
    { optional: true },
  )
  rolling?: string;

  @IsAmountsByCurrency({ optional: true })
  amount?: Record<string, number>;

  /** How many payments. */
  @Field(
    [
      {
        rule: 'integer',
        detail: `must be an integer from 1 to ${COUNT_MAX}`,
        passes: (value) =>
          Number.isInteger(value) && (value as number) >= 1 && (value as number) <= COUNT_MAX,
      },
    ],
    { type: 'integer', minimum: 1, maximum: COUNT_MAX },
    { optional: true },
  )
  count?: number;
}

function isWindowLength(value: unknown): boolean {
  if (!isText(value, 32)) return false;
  const length = durationMs(value);
  return length !== undefined && length <= 366 * 86_400_000;
}

function everyWindow(
  rule: string,
  detail: string,
  passes: (window: MandateWindowRequest) => boolean,
): Check {
  return { rule, detail, passes: (windows) => (windows as MandateWindowRequest[]).every(passes) };
}

const WINDOW_CHECKS: readonly Check[] = [
  everyWindow(
    'window_period',
    'must give each window either calendar or rolling',
    ({ calendar, rolling }) => (calendar === undefined) !== (rolling === undefined),
  ),
  everyWindow(
    'window_timezone',
    'may give a time zone only to calendar windows',
    ({ calendar, timezone }) => timezone === undefined || calendar !== undefined,
  ),
  everyWindow(
    'window_limit',
    'must give each window an amount, a count or both',
    ({ amount, count }) => amount !== undefined || count !== undefined,
  ),
  {
    rule: 'unique_names',
    detail: 'must give each window another name',
    passes: (windows) => {
      const names = (windows as MandateWindowRequest[]).map(({ name }) => name);
      return new Set(names).size === names.length;
    },
  },
];

/** A payment must be within all of them. */
export class MandateLimitsRequest {
  /** The most a single payment may be. */
  @IsAmountsByCurrency({ optional: true })
  per_payment?: Record<string, number>;

  @IsListOfObjects(() => MandateWindowRequest, { max: 20, checks: WINDOW_CHECKS, optional: true })
  windows?: MandateWindowRequest[];

  /** The most over the mandate's whole life. */
  @IsAmountsByCurrency({ optional: true })
  lifetime?: Record<string, number>;
}

const AT_LEAST_ONE_LIMIT: Check = {
  rule: 'limit_required',
  detail: 'must hold at least one limit',
  passes: (limits) => {
    const { per_payment, windows, lifetime } = limits as MandateLimitsRequest;
    return per_payment !== undefined || lifetime !== undefined || (windows?.length ?? 0) > 0;
  },
};

const payeeList = {
  max: 1_000,
  item: (value: unknown) => isText(value, 128),
  form: 'payee ids',
  schema: { type: 'string', maxLength: 128 },
  optional: true,
} as const;

export class MandatePayeesRequest {
  /** Empty or absent: every payee. */
  @IsListOf(payeeList)
  allow?: string[];

  @IsListOf(payeeList)
  deny?: string[];
}

export class MandateCategoriesRequest {
  /** Merchant category codes. A payee without one is refused when there are any. */
  @IsListOf({
    max: 1_000,
    item: (value) => typeof value === 'string' && /^\d{4}$/.test(value),
    form: 'merchant category codes',
    schema: { type: 'string', pattern: '^\\d{4}$' },
    optional: true,
  })
  deny?: string[];
}

export class MandateApprovalRequest {
  /** A human is asked about every payment above this. */
  @IsAmountsByCurrency({ optional: true })
  above?: Record<string, number>;
}

export class MandateVelocityRequest {
  /** Whether the default velocity rules of the fraud screen apply. Default false: without it there are none. */
  @IsFlag({ optional: true })
  default?: boolean;
}

const AFTER_ITS_BEGINNING: Check = {
  rule: 'after_valid_from',
  detail: 'must be later than valid_from',
  passes: (value, object) => {
    const { valid_from } = object as MandateRequest;
    const [from, until] = [Date.parse(String(valid_from)), Date.parse(String(value))];
    return Number.isNaN(from) || Number.isNaN(until) || until > from;
  },
};

const MANDATE_ID = /^mnd_[A-Za-z0-9_]{1,64}$/;

/** What an agent may spend. */
export class MandateRequest {
  @IsId({ prefix: 'agt' })
  agent!: string;

  /** The mandate above. A payment must pass both, counts in both, and this one may only be narrower. */
  @Field(
    [
      {
        rule: 'format',
        detail: 'must be an id that begins with mnd_, or null',
        passes: (value) => value === null || (typeof value === 'string' && MANDATE_ID.test(value)),
      },
    ],
    { type: 'string', pattern: MANDATE_ID.source, nullable: true },
    { optional: true },
  )
  parent?: string | null;

  @IsDateTime({ optional: true })
  valid_from?: string;

  @IsDateTime({ checks: [AFTER_ITS_BEGINNING], optional: true })
  valid_until?: string;

  @IsObjectOf(() => MandateLimitsRequest, { checks: [AT_LEAST_ONE_LIMIT] })
  limits!: MandateLimitsRequest;

  @IsObjectOf(() => MandatePayeesRequest, { optional: true })
  payees?: MandatePayeesRequest;

  @IsObjectOf(() => MandateCategoriesRequest, { optional: true })
  categories?: MandateCategoriesRequest;

  @IsObjectOf(() => MandateApprovalRequest, { optional: true })
  approval?: MandateApprovalRequest;

  @IsObjectOf(() => MandateVelocityRequest, { optional: true })
  velocity?: MandateVelocityRequest;
}

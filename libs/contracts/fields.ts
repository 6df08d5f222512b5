import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import { isSupportedCurrency, minorUnits } from '#domain';

/** Decorators for the fields of requests: each says once how a value is checked and how it is documented. */

export type RequestClass<T = object> = new () => T;

export interface FieldFacts {
  /** The classes of nested objects; null for plain values. */
  nested: (() => RequestClass) | null;
}

export interface FieldOptions {
  optional?: boolean;
}

export interface Check {
  /** snake_case, shown as the violation's rule. */
  rule: string;
  /** Completes "This field …". */
  detail: string;
  passes: (value: unknown, object: object) => boolean;
}

const FIELDS = Symbol('fields of a request');

/** The fields a request class knows, by name. */
export function fieldsOf(requestClass: RequestClass): ReadonlyMap<string, FieldFacts> {
  return (
    (Reflect.getMetadata(FIELDS, requestClass) as Map<string, FieldFacts> | undefined) ?? new Map()
  );
}

export function Field(
  checks: readonly Check[],
  schema: ApiPropertyOptions,
  { optional = false }: FieldOptions = {},
  nested: FieldFacts['nested'] = null,
): PropertyDecorator {
  const remember: PropertyDecorator = (prototype, name) => {
    const owner = prototype.constructor as RequestClass;
    const fields = new Map(fieldsOf(owner)).set(String(name), { nested });
    Reflect.defineMetadata(FIELDS, fields, owner);
  };
  return applyDecorators(
    remember,
    ApiProperty({ ...schema, required: !optional } as ApiPropertyOptions),
    ...checks.map(validator),
    ...(nested ? [ValidateNested()] : []),
    // A field is left out or has a value; null is neither.
    ...(optional ? [ValidateIf((_, value) => value !== undefined)] : []),
  );
}

function validator({ rule, detail, passes }: Check): PropertyDecorator {
  return ValidateBy({
    name: rule,
    validator: {
      validate: (value, args) => passes(value, args?.object ?? {}),
      defaultMessage: () => detail,
    },
  });
}

/** An integer number of minor units, at least 1, at most 2^53 - 1. */
export function IsMinorUnits(options?: FieldOptions): PropertyDecorator {
  const schema = { type: 'integer', format: 'int64', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
  return Field(
    [
      {
        rule: 'integer',
        detail: 'must be an integer from 1 to 2^53 - 1, in minor units',
        passes: isMinorUnits,
      },
    ],
    schema as ApiPropertyOptions,
    options,
  );
}

export function isMinorUnits(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

/** An integer number of things, from 1. */
export function IsCount({ max, ...options }: FieldOptions & { max: number }): PropertyDecorator {
  const passes = (value: unknown) =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max;
  return Field(
    [{ rule: 'integer', detail: `must be an integer from 1 to ${max}`, passes }],
    { type: 'integer', minimum: 1, maximum: max },
    options,
  );
}

/** The violation's rule for a currency that is well-formed and not supported: a problem with a code of its own. */
export const CURRENCY_SUPPORTED = 'currency_supported';
const CURRENCY = /^[A-Z]{3}$/;

export function IsCurrencyCode(options?: FieldOptions): PropertyDecorator {
  const wellFormed = (value: unknown) => typeof value === 'string' && CURRENCY.test(value);
  return Field(
    [
      { rule: 'currency', detail: 'must be an upper-case ISO 4217 code', passes: wellFormed },
      {
        rule: CURRENCY_SUPPORTED,
        detail: 'is not a supported currency',
        passes: (value) => !wellFormed(value) || isSupportedCurrency(value as string),
      },
    ],
    { type: 'string', pattern: CURRENCY.source, example: 'USD' },
    options,
  );
}

/** Amounts in minor units by currency, at least one. */
export function IsAmountsByCurrency(options?: FieldOptions): PropertyDecorator {
  const wellFormed = (value: unknown) =>
    isPlainObject(value) &&
    Object.keys(value).length > 0 &&
    Object.entries(value).every(([code, amount]) => CURRENCY.test(code) && isMinorUnits(amount));
  return Field(
    [
      {
        rule: 'amounts',
        detail: 'must map upper-case ISO 4217 codes to integers from 1 to 2^53 - 1, in minor units',
        passes: wellFormed,
      },
      {
        rule: CURRENCY_SUPPORTED,
        detail: 'names a currency that is not supported',
        passes: (value) =>
          !wellFormed(value) ||
          Object.keys(value as object).every((code) => minorUnits(code) !== undefined),
      },
    ],
    {
      type: 'object',
      additionalProperties: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
      example: { USD: 100_000 },
    },
    options,
  );
}

/** Control characters and halves of pairs: they cannot be compared, shown or stored safely. */
const UNUSABLE = /[\p{Cc}\p{Cs}]/u;

export function isText(value: unknown, max: number): value is string {
  return (
    typeof value === 'string' && value.length >= 1 && value.length <= max && !UNUSABLE.test(value)
  );
}

/** One line of text of 1 to `max` UTF-16 units. */
export function IsText({ max, ...options }: FieldOptions & { max: number }): PropertyDecorator {
  const detail = `must be a string of 1 to ${max} characters without control characters`;
  const check = { rule: 'text', detail, passes: (value: unknown) => isText(value, max) };
  return Field([check], { type: 'string', minLength: 1, maxLength: max }, options);
}

/** A string of one form; `form` completes "must be …". */
export function IsFormed({
  pattern,
  form,
  example,
  ...options
}: FieldOptions & { pattern: RegExp; form: string; example?: string }): PropertyDecorator {
  const passes = (value: unknown) => typeof value === 'string' && pattern.test(value);
  return Field(
    [{ rule: 'format', detail: `must be ${form}`, passes }],
    { type: 'string', pattern: pattern.source, ...(example !== undefined && { example }) },
    options,
  );
}

/** A public id with this prefix. */
export function IsId({ prefix, ...options }: FieldOptions & { prefix: string }): PropertyDecorator {
  const pattern = new RegExp(`^${prefix}_[A-Za-z0-9_]{1,64}$`);
  return IsFormed({ ...options, pattern, form: `an id that begins with ${prefix}_` });
}

export function IsOneOf({
  values,
  ...options
}: FieldOptions & { values: readonly string[] }): PropertyDecorator {
  const passes = (value: unknown) => typeof value === 'string' && values.includes(value);
  return Field(
    [{ rule: 'one_of', detail: `must be one of: ${values.join(', ')}`, passes }],
    { type: 'string', enum: [...values] },
    options,
  );
}

export function IsFlag(options?: FieldOptions): PropertyDecorator {
  const passes = (value: unknown) => typeof value === 'boolean';
  return Field(
    [{ rule: 'boolean', detail: 'must be true or false', passes }],
    { type: 'boolean' },
    options,
  );
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

export function isDateTime(value: unknown): value is string {
  if (typeof value !== 'string' || !DATE_TIME.test(value)) return false;
  const epochMs = Date.parse(value);
  // Date rolls the 30th of February over into March; an instant that is none is refused instead.
  return !Number.isNaN(epochMs) && new Date(epochMs).toISOString().startsWith(value.slice(0, 10));
}

/** An instant, RFC 3339 in UTC with `Z`; more checks may compare it with other fields. */
export function IsDateTime({
  checks = [],
  ...options
}: FieldOptions & { checks?: readonly Check[] } = {}): PropertyDecorator {
  const check = {
    rule: 'date_time',
    detail: 'must be an RFC 3339 time in UTC, with Z',
    passes: isDateTime,
  };
  return Field([check, ...checks], { type: 'string', format: 'date-time' }, options);
}

/** At most `max` different strings that each pass. */
export function IsListOf({
  max,
  item,
  form,
  schema,
  ...options
}: FieldOptions & {
  max: number;
  item: (value: unknown) => boolean;
  form: string;
  schema: { type: 'string'; pattern?: string; maxLength?: number };
}): PropertyDecorator {
  const passes = (value: unknown) =>
    Array.isArray(value) &&
    value.length <= max &&
    value.every(item) &&
    new Set(value).size === value.length;
  return Field(
    [{ rule: 'list', detail: `must be a list of at most ${max} different ${form}`, passes }],
    { type: 'array', items: schema, maxItems: max, uniqueItems: true },
    options,
  );
}

/** A flat map of short strings. */
export function IsStringMap({
  entries,
  keyMax,
  valueMax,
  ...options
}: FieldOptions & { entries: number; keyMax: number; valueMax: number }): PropertyDecorator {
  const passes = (value: unknown) =>
    isPlainObject(value) &&
    Object.keys(value).length <= entries &&
    Object.entries(value).every(([key, text]) => isText(key, keyMax) && isText(text, valueMax));
  const detail = `must map at most ${entries} names of ${keyMax} characters to strings of ${valueMax} characters`;
  return Field(
    [{ rule: 'string_map', detail, passes }],
    {
      type: 'object',
      maxProperties: entries,
      additionalProperties: { type: 'string', minLength: 1, maxLength: valueMax },
    },
    options,
  );
}

/** An object of another request class; more checks may look at it as a whole. */
export function IsObjectOf(
  requestClass: () => RequestClass,
  { checks = [], ...options }: FieldOptions & { checks?: readonly Check[] } = {},
): PropertyDecorator {
  const check = { rule: 'object', detail: 'must be an object', passes: isPlainObject };
  const guarded = checks.map((each) => ({ ...each, passes: guard(isPlainObject, each.passes) }));
  return Field([check, ...guarded], { type: () => requestClass() }, options, requestClass);
}

/** A list of objects of another request class. */
export function IsListOfObjects(
  requestClass: () => RequestClass,
  { max, checks = [], ...options }: FieldOptions & { max: number; checks?: readonly Check[] },
): PropertyDecorator {
  const isList = (value: unknown) =>
    Array.isArray(value) && value.length <= max && value.every(isPlainObject);
  const check = {
    rule: 'list',
    detail: `must be a list of at most ${max} objects`,
    passes: isList,
  };
  const guarded = checks.map((each) => ({ ...each, passes: guard(isList, each.passes) }));
  return Field(
    [check, ...guarded],
    { type: () => requestClass(), isArray: true, maxItems: max },
    options,
    requestClass,
  );
}

/** A later check has nothing to say about a value of the wrong type. */
function guard(isRightType: (value: unknown) => boolean, passes: Check['passes']): Check['passes'] {
  return (value, object) => !isRightType(value) || passes(value, object);
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

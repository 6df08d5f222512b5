import { type ValidationError, validateSync } from 'class-validator';
import type { JsonRecord } from '#domain';
import { withoutCardNumbers } from './card-number.js';
import { CURRENCY_SUPPORTED, type RequestClass, fieldsOf, isPlainObject } from './fields.js';
import type { ProblemCode, Violation } from './problems.js';

export type Validation<T> =
  { ok: true; value: T & JsonRecord } | { ok: false; code: ProblemCode; violations: Violation[] };

/**
 * Checks JSON against a request class. The value is the JSON itself, unchanged: what is stored and compared is what came.
 * Unknown fields are refused, never ignored.
 */
export function validateRequest<T extends object>(
  requestClass: RequestClass<T>,
  json: unknown,
): Validation<T> {
  if (!isPlainObject(json))
    return refused([violation('', 'object', 'The body must be an object.')]);
  const unknown: Violation[] = [];
  const instance = instantiate(requestClass, json, '', unknown);
  const errors = validateSync(instance, { forbidUnknownValues: false });
  const violations = [...unknown, ...errors.flatMap((error) => violationsOf(error, ''))];
  return violations.length > 0
    ? refused(violations)
    : { ok: true, value: json as unknown as T & JsonRecord };
}

function refused<T>(violations: Violation[]): Validation<T> {
  const aboutCurrencies = violations.every(({ rule }) => rule === CURRENCY_SUPPORTED);
  return {
    ok: false,
    code: aboutCurrencies ? 'currency_unsupported' : 'validation_failed',
    violations,
  };
}

/** The JSON as instances of the request classes, which is what class-validator wants; notes what the classes do not know. */
function instantiate(
  requestClass: RequestClass,
  json: Record<string, unknown>,
  at: string,
  unknown: Violation[],
): object {
  const instance = new requestClass() as Record<string, unknown>;
  const fields = fieldsOf(requestClass);
  for (const [name, value] of Object.entries(json)) {
    const pointer = `${at}/${escaped(name)}`;
    const field = fields.get(name);
    if (!field) {
      unknown.push(violation(pointer, 'unknown_field', 'This field is not known here.'));
    } else if (!field.nested) {
      instance[name] = value;
    } else {
      const nested = field.nested();
      const one = (item: unknown, itemAt: string) =>
        isPlainObject(item) ? instantiate(nested, item, itemAt, unknown) : item;
      instance[name] = Array.isArray(value)
        ? value.map((item, index) => one(item, `${pointer}/${index}`))
        : one(value, pointer);
    }
  }
  return instance;
}

function violationsOf(
  { property, value, constraints, children }: ValidationError,
  at: string,
): Violation[] {
  const pointer = `${at}/${escaped(property)}`;
  if (value === undefined) return [violation(pointer, 'required', 'This field is required.')];
  const [first] = Object.entries(constraints ?? {}).filter(([rule]) => rule !== 'nestedValidation');
  if (first) return [violation(pointer, first[0], `This field ${first[1]}.`)];
  return (children ?? []).flatMap((child) => violationsOf(child, pointer));
}

function violation(pointer: string, rule: string, detail: string): Violation {
  return { pointer, rule, detail };
}

/** Names come from the caller: capped, so that a refusal is never larger than what is refused, and never a card number. */
function escaped(name: string): string {
  return withoutCardNumbers(name)
    .replaceAll(/\d{12,}/g, '[digits]')
    .slice(0, 64)
    .replaceAll('~', '~0')
    .replaceAll('/', '~1');
}

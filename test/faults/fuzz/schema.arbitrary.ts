import * as fc from 'fast-check';
import type { Schema } from './openapi.reader.js';

/** The name of something that exists when the input is sent; `world.fixture.ts` fills it in. */
export const slot = (pool: string): fc.Arbitrary<string> =>
  fc.nat(63).map((number) => `{{${pool}:${number}}}`);

const CURRENCIES = fc.constantFrom('USD', 'USD', 'USD', 'EUR', 'JPY');
const MORE_PROPERTIES_MAX = 6;
const INSTANT = fc
  .date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  })
  .map((date) => date.toISOString());

/** Values that get further than any that only has the right form, by the member's name. */
const TELLING: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  amount: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 2_000 }) }, fc.nat(200_000)),
  currency: CURRENCIES,
  payment_method: fc.constantFrom(
    'pm_sandbox_visa',
    'pm_sandbox_visa',
    'pm_sandbox_visa',
    'pm_sandbox_insufficient_funds',
    'pm_sandbox_stolen',
    'pm_sandbox_soft_decline_a',
  ),
  order_reference: fc.constant('PO-{{fresh}}'),
  participant: fc.constant('warehouse'),
  agent: slot('agent'),
  mandate: slot('own_mandate'),
  parent: fc.oneof(fc.constant(null), slot('mandate')),
  fingerprint: slot('fingerprint'),
  distinct_from: fc.array(slot('payment'), { maxLength: 3 }),
  payment_intent: slot('payment'),
  idempotency_key: fc.constantFrom('again-1', 'again-2'),
  cursor: slot('cursor'),
  status: fc.constantFrom('succeeded', 'failed', 'processing', 'requires_capture'),
  limit: fc.integer({ min: 1, max: 100 }),
  timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Apia'),
  rolling: fc.constantFrom('PT1H', 'P1D', 'P1W'),
};

/** Values that the schema allows, as JSON; most are of the telling kind where the name promises one. */
export function valueOf(schema: Schema, name = ''): fc.Arbitrary<unknown> {
  const telling = Object.hasOwn(TELLING, name) ? TELLING[name] : undefined;
  const isMap = typeof schema.additionalProperties === 'object';
  if (telling === undefined || isMap) return formed(schema);
  return fc.oneof({ weight: 9, arbitrary: telling }, formed(schema));
}

function formed(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const [type = ''] = [schema.type].flat();
  switch (type) {
    case 'integer':
    case 'number':
      return integer(schema);
    case 'boolean':
      return fc.boolean();
    case 'array':
      return array(schema);
    case 'object':
      return object(schema);
    default:
      return text(schema);
  }
}

function integer({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Schema) {
  return fc.oneof(
    fc.integer({ min: minimum, max: Math.min(maximum, minimum + 1_000) }),
    fc.constantFrom(minimum, maximum),
    fc.bigInt({ min: BigInt(minimum), max: BigInt(maximum) }).map(Number),
  );
}

function text({ pattern, format, example, minLength = 0, maxLength = 200 }: Schema) {
  const shapes: fc.Arbitrary<string>[] = [];
  if (typeof example === 'string') shapes.push(fc.constant(example));
  if (format === 'date-time') shapes.push(INSTANT);
  // Look-aheads are more than the generator of strings understands.
  else if (pattern !== undefined && !pattern.includes('(?'))
    shapes.push(fc.stringMatching(new RegExp(pattern), { size: 'small' }));
  else if (pattern === undefined)
    shapes.push(
      fc.string({ minLength, maxLength: Math.min(maxLength, 24) }),
      fc.string({ minLength, maxLength, size: 'medium', unit: 'grapheme' }),
      fc.constant('x'.repeat(maxLength)),
    );
  return shapes.length > 0 ? fc.oneof(...shapes) : fc.string();
}

function array({ items = {}, maxItems = 20, uniqueItems = false }: Schema) {
  const options = { maxLength: Math.min(maxItems, 4) };
  return uniqueItems ? fc.uniqueArray(valueOf(items), options) : fc.array(valueOf(items), options);
}

function object(schema: Schema): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties, maxProperties = 20 } = schema;
  if (typeof additionalProperties === 'object') {
    const amounts = additionalProperties.type === 'integer';
    const names = amounts ? CURRENCIES : fc.string({ minLength: 1, maxLength: 40 });
    const maxKeys = Math.min(maxProperties, MORE_PROPERTIES_MAX);
    return fc.dictionary(names, valueOf(additionalProperties), { maxKeys, noNullPrototype: true });
  }
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, each]) => [name, valueOf(each, name)]),
  );
  const optional = Object.keys(model).filter((name) => !required.includes(name));
  return fc
    .tuple(fc.record(model), fc.subarray(optional), fc.boolean())
    .map(([all, absent, allAbsent]) => {
      const gone = allAbsent ? optional : absent;
      return Object.fromEntries(Object.entries(all).filter(([name]) => !gone.includes(name)));
    });
}

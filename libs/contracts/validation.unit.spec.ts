import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MandateRequest } from './mandate.dto.js';
import { PaymentIntentRequest } from './payment-intent-request.dto.js';
import { PaymentIntentListQuery } from './queries.dto.js';
import type { RequestClass } from './fields.js';
import { validateRequest } from './validation.js';

const PAYMENT = {
  amount: 1200,
  currency: 'USD',
  payee: { id: 'acme-books' },
  payment_method: 'pm_sandbox_visa',
  order_reference: 'PO-1',
};
const MANDATE = { agent: 'agt_a', limits: { lifetime: { USD: 1 } } };
const DAY = { name: 'day', calendar: 'day', amount: { USD: 1 } };

/** `<code> <pointer> <rule> …`, or `ok`. */
function verdict(requestClass: RequestClass, json: unknown): string {
  const result = validateRequest(requestClass, json);
  if (result.ok) return 'ok';
  return [result.code, ...result.violations.map(({ pointer, rule }) => `${pointer} ${rule}`)].join(
    ' | ',
  );
}

const payment = (changes: object) => verdict(PaymentIntentRequest, { ...PAYMENT, ...changes });
const mandate = (changes: object) => verdict(MandateRequest, { ...MANDATE, ...changes });
const windows = (...given: object[]) => mandate({ limits: { windows: given } });

describe('a payment request', () => {
  it('may give everything there is', () => {
    const everything = {
      payee: { id: 'a', name: 'A', mcc: '5942', country: 'US', domain: 'acme.example' },
      purpose: 'team training – naïve ✓',
      mandate: 'mnd_a',
      capture_method: 'manual',
      reservation: { participant: 'warehouse', items: [{ sku: 'B-1', quantity: 2 }] },
      distinct_from: [`pi_${'a'.repeat(26)}`],
      metadata: { task: 't-19' },
    };
    expect(payment(everything)).toBe('ok');
    expect(payment({ distinct_from: [], metadata: {} })).toBe('ok');
  });

  it('is given back as it came, the very object', () => {
    const json = { ...PAYMENT };
    const result = validateRequest(PaymentIntentRequest, json);
    expect(result.ok && result.value).toBe(json);
  });

  it('has every positive safe integer as amount and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (amount) => {
        expect(payment({ amount })).toBe('ok');
      }),
    );
    const other = fc.oneof(
      fc.double().filter((value) => !Number.isInteger(value)),
      fc.integer({ max: 0 }),
      fc.constantFrom(2 ** 53, 1e400, -0, null, true, '1200', [1200], {}),
    );
    fc.assert(
      fc.property(other, (amount) => {
        expect(payment({ amount })).toBe('validation_failed | /amount integer');
      }),
    );
  });

  it.each([
    [{ currency: 'ZZZ' }, 'currency_unsupported | /currency currency_supported'],
    [{ currency: 'usd' }, 'validation_failed | /currency currency'],
    [{ currency: 840 }, 'validation_failed | /currency currency'],
    [{ amount: undefined }, 'validation_failed | /amount required'],
    [
      { currency: 'ZZZ', amount: 0 },
      'validation_failed | /amount integer | /currency currency_supported',
    ],
    [{ payee: 'acme' }, 'validation_failed | /payee object'],
    [{ payee: [{ id: 'acme' }] }, 'validation_failed | /payee object'],
    [{ payee: null }, 'validation_failed | /payee object'],
    [{ payee: {} }, 'validation_failed | /payee/id required'],
    [{ payee: { id: 'a', iban: 'x' } }, 'validation_failed | /payee/iban unknown_field'],
    [{ payee: { id: 'a', mcc: '59' } }, 'validation_failed | /payee/mcc format'],
    [{ payee: { id: 'a', domain: 'a b' } }, 'validation_failed | /payee/domain format'],
    [{ payment_method: '4242424242424242' }, 'validation_failed | /payment_method format'],
    [{ order_reference: '' }, 'validation_failed | /order_reference text'],
    [{ order_reference: 'x'.repeat(129) }, 'validation_failed | /order_reference text'],
    [{ purpose: 'a\u0007b' }, 'validation_failed | /purpose text'],
    [{ purpose: 'half \ud800' }, 'validation_failed | /purpose text'],
    [{ purpose: null }, 'validation_failed | /purpose text'],
    [{ capture_method: 'later' }, 'validation_failed | /capture_method one_of'],
    [{ distinct_from: ['x'] }, 'validation_failed | /distinct_from list'],
    [{ metadata: { a: 1 } }, 'validation_failed | /metadata string_map'],
    [{ metadata: { a: { b: 'c' } } }, 'validation_failed | /metadata string_map'],
    [{ quote: 'qt_a' }, 'validation_failed | /quote unknown_field'],
    [
      { reservation: {} },
      'validation_failed | /reservation/participant required | /reservation/items required',
    ],
    [
      { reservation: { participant: 'warehouse', items: [] } },
      'validation_failed | /reservation/items item_required',
    ],
    [
      { reservation: { participant: 'warehouse', items: [{ sku: 'B-1', quantity: 1_000_001 }] } },
      'validation_failed | /reservation/items/0/quantity integer',
    ],
    [{ constructor: 1 }, 'validation_failed | /constructor unknown_field'],
    [{ toString: 1 }, 'validation_failed | /toString unknown_field'],
    [{ 'a/b~c': 1 }, 'validation_failed | /a~1b~0c unknown_field'],
  ])('%j is judged %s', (changes, expected) => {
    expect(payment(changes)).toBe(expected);
  });

  it('is an object', () => {
    for (const json of [null, [], 'x', 12, true, undefined])
      expect(verdict(PaymentIntentRequest, json)).toBe('validation_failed |  object');
  });

  it('has no other field, whatever its name', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        fc.pre(!(name in new PaymentIntentRequest()) && !Object.hasOwn(PAYMENT, name));
        // As text, because an object literal treats `__proto__` as something else.
        const members = JSON.stringify(PAYMENT).slice(1);
        const json = JSON.parse(`{${JSON.stringify(name)}:1,${members}`);
        expect(verdict(PaymentIntentRequest, json)).not.toBe('ok');
      }),
    );
  });
});

describe('a mandate request', () => {
  it('may give everything there is', () => {
    expect(
      mandate({
        valid_from: '2026-01-01T00:00:00Z',
        valid_until: '2027-01-01T00:00:00.5Z',
        limits: {
          per_payment: { USD: 1, EUR: 1 },
          windows: [
            { ...DAY, timezone: 'Europe/Berlin', count: 5 },
            { name: 'hour', rolling: 'PT1H', count: 100 },
          ],
          lifetime: { USD: 50 },
        },
        payees: { allow: ['a'], deny: [] },
        categories: { deny: ['7995'] },
        approval: { above: { USD: 1 } },
        velocity: { default: true },
      }),
    ).toBe('ok');
  });

  it.each([
    [{ limits: undefined }, 'validation_failed | /limits required'],
    [{ limits: {} }, 'validation_failed | /limits limit_required'],
    [{ limits: { windows: [] } }, 'validation_failed | /limits limit_required'],
    [{ limits: { lifetime: {} } }, 'validation_failed | /limits/lifetime amounts'],
    [{ limits: { lifetime: { USD: 1.5 } } }, 'validation_failed | /limits/lifetime amounts'],
    [{ limits: { lifetime: { USD: -1 } } }, 'validation_failed | /limits/lifetime amounts'],
    [{ limits: { lifetime: { usd: 1 } } }, 'validation_failed | /limits/lifetime amounts'],
    [
      { limits: { lifetime: { ZZZ: 1 } } },
      'currency_unsupported | /limits/lifetime currency_supported',
    ],
    [{ parent: null }, 'ok'],
    [{ parent: 'mnd_a' }, 'ok'],
    [{ parent: 'agt_a' }, 'validation_failed | /parent format'],
    [{ agent: 'mnd_a' }, 'validation_failed | /agent format'],
    [{ valid_from: '2026-02-30T00:00:00Z' }, 'validation_failed | /valid_from date_time'],
    [{ valid_from: '2026-01-01' }, 'validation_failed | /valid_from date_time'],
    [
      { valid_from: '2026-01-02T00:00:00Z', valid_until: '2026-01-01T00:00:00Z' },
      'validation_failed | /valid_until after_valid_from',
    ],
    [{ velocity: { default: 'no' } }, 'validation_failed | /velocity/default boolean'],
    [{ payees: { allow: ['a', 'a'] } }, 'validation_failed | /payees/allow list'],
  ])('%j is judged %s', (changes, expected) => {
    expect(mandate(changes)).toBe(expected);
  });

  it.each([
    [[DAY, { ...DAY, name: 'week', calendar: 'week' }], 'ok'],
    [[{ ...DAY, calendar: undefined }], 'validation_failed | /limits/windows window_period'],
    [[{ ...DAY, rolling: 'PT1H' }], 'validation_failed | /limits/windows window_period'],
    [[{ name: 'day', calendar: 'day' }], 'validation_failed | /limits/windows window_limit'],
    [[DAY, DAY], 'validation_failed | /limits/windows unique_names'],
    [
      [{ ...DAY, calendar: undefined, rolling: 'PT1H', timezone: 'UTC' }],
      'validation_failed | /limits/windows window_timezone',
    ],
    [
      [{ ...DAY, timezone: 'Mars/Base' }],
      'validation_failed | /limits/windows/0/timezone timezone',
    ],
    [
      [DAY, { name: 'b', rolling: 'one hour', count: 1 }],
      'validation_failed | /limits/windows/1/rolling duration',
    ],
    [[{ ...DAY, count: 0 }], 'validation_failed | /limits/windows/0/count integer'],
    [[{ ...DAY, other: 1 }], 'validation_failed | /limits/windows/0/other unknown_field'],
    [['day'], 'validation_failed | /limits/windows list'],
  ])('with windows %j is judged %s', (given, expected) => {
    expect(windows(...(given as object[]))).toBe(expected);
  });
});

describe('a query', () => {
  it.each([
    [{}, 'ok'],
    [{ limit: '100', status: 'failed', created_after: '2099-01-01T00:00:00Z' }, 'ok'],
    [{ limit: '0' }, 'validation_failed | /limit integer'],
    [{ limit: '101' }, 'validation_failed | /limit integer'],
    [{ limit: '-1' }, 'validation_failed | /limit integer'],
    [{ limit: '1e1' }, 'validation_failed | /limit integer'],
    [{ limit: ['1', '2'] }, 'validation_failed | /limit integer'],
    [{ status: 'rich' }, 'validation_failed | /status one_of'],
    [{ created_after: 'yesterday' }, 'validation_failed | /created_after date_time'],
    [{ cursor: 'a b' }, 'validation_failed | /cursor format'],
    [{ surprise: '1' }, 'validation_failed | /surprise unknown_field'],
  ])('%j is judged %s', (query, expected) => {
    expect(verdict(PaymentIntentListQuery, query)).toBe(expected);
  });
});

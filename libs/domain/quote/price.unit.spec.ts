import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { supportedCurrencies } from '../money/currencies.js';
import { decimalText } from '../money/decimal.js';
import { type Price, type Priced, priceOf } from './price.js';
import { DEFAULT_PRICING, type PricingRule, type PricingRules } from './pricing-rules.js';

const WANTED: Priced = {
  ...{ amountMinor: 4200, currency: 'USD', chargeCurrency: 'EUR', rate: '0.92' },
  country: 'US',
};
const priced = (change: Partial<Priced>, rules: readonly PricingRule[], steps = {}): Price => {
  const price = priceOf({ ...WANTED, ...change }, { version: 'test', rules, steps });
  if (typeof price === 'string') throw new Error(price);
  return price;
};
const MARKUP: PricingRule = { kind: 'markup', name: 'fx', ppm: 15_000, on: 'conversions' };
const REGIONS: PricingRule = {
  ...{ kind: 'regional', name: 'far', countries: { US: 0, BR: 30_000 }, elsewherePpm: 50_000 },
};
const TIERS = [
  { fromMinor: 5_000, ppm: -20_000 },
  { fromMinor: 1_000, ppm: -10_000 },
];
const VOLUME: PricingRule = { kind: 'volume', name: 'bulk', tiers: { USD: TIERS } };

describe('a price', () => {
  it('is the converted amount and every share of it, line by line', () => {
    expect(priced({ country: 'BR' }, [MARKUP, REGIONS, VOLUME], { EUR: 5 })).toEqual({
      version: 'test',
      amountMinor: 4000,
      currency: 'EUR',
      markupMinor: 136,
      lines: [
        {
          ...{ kind: 'conversion', rule: 'rate', amountMinor: 3864 },
          because: '4200 minor units of USD at 0.92 are 3864 of EUR, rounded half to even',
        },
        {
          ...{ kind: 'markup', rule: 'fx', amountMinor: 58 },
          because: '15000 millionths of 3864: USD is charged in EUR',
        },
        {
          ...{ kind: 'regional', rule: 'far', amountMinor: 116 },
          because: '30000 millionths of 3864: the payee is in BR',
        },
        {
          ...{ kind: 'volume', rule: 'bulk', amountMinor: -39 },
          because: '-10000 millionths of 3864: 4200 USD are 1000 or more',
        },
        {
          ...{ kind: 'rounding', rule: 'step', amountMinor: 1 },
          because: 'EUR is charged in steps of 5',
        },
      ],
    });
  });

  it('without a conversion and without rules is the amount itself', () => {
    const price = priced({ chargeCurrency: 'USD', rate: '1' }, [MARKUP]);
    expect(price).toMatchObject({
      amountMinor: 4200,
      markupMinor: 0,
      lines: [{ amountMinor: 4200 }],
    });
    expect(price.lines).toHaveLength(1);
  });

  it.each([
    ['US', 0],
    ['BR', 116],
    ['FR', 193],
    [null, 193],
    ['constructor', 193],
  ])('for a payee in %s has %d on top of it', (country, markupMinor) => {
    expect(priced({ country }, [REGIONS]).markupMinor).toBe(markupMinor);
  });

  it.each([
    [999, 0],
    [1_000, -9],
    [4_999, -46],
    [5_000, -92],
  ])('of %d is that of the highest tier it reaches', (amountMinor, markupMinor) => {
    expect(priced({ amountMinor }, [VOLUME]).markupMinor).toBe(markupMinor);
  });

  it('knows no tiers for a currency that has none', () => {
    expect(priced({ currency: 'CAD', amountMinor: 900_000 }, [VOLUME]).markupMinor).toBe(0);
  });

  it.each([
    [12, 10],
    [15, 20],
    [25, 20],
    [18, 20],
  ])('of %d is brought to steps of ten: %d', (amountMinor, total) => {
    const price = priced({ amountMinor, chargeCurrency: 'USD', rate: '1' }, [], { USD: 10 });
    expect(price.amountMinor).toBe(total);
  });

  it.each<[Partial<Priced>, string]>([
    [{ amountMinor: 1, rate: '0.4' }, 'too_small'],
    [{ amountMinor: Number.MAX_SAFE_INTEGER, rate: '1.01' }, 'too_large'],
    [{ amountMinor: Number.MAX_SAFE_INTEGER, rate: '1' }, 'too_large'],
    [{ amountMinor: 1.5 }, 'no_amount'],
    [{ rate: '-1' }, 'no_amount'],
    [{ chargeCurrency: 'XXX' }, 'no_amount'],
  ])('of %j is none: %s', (change, reason) => {
    const rules = { version: 'test', rules: [MARKUP], steps: {} };
    expect(priceOf({ ...WANTED, ...change }, rules)).toBe(reason);
  });
});

describe('every price', () => {
  const ppm = fc.integer({ min: -200_000, max: 200_000 });
  const name = fc.constantFrom('a', 'b');
  const rule: fc.Arbitrary<PricingRule> = fc.oneof(
    fc.record({
      kind: fc.constant('markup' as const),
      name,
      ppm,
      on: fc.constantFrom('conversions' as const, 'everything' as const),
    }),
    fc.record({
      kind: fc.constant('regional' as const),
      name,
      countries: fc.dictionary(fc.constantFrom('US', 'DE'), ppm),
      elsewherePpm: ppm,
    }),
    fc.record({
      kind: fc.constant('volume' as const),
      name,
      tiers: fc.dictionary(
        fc.constantFrom('USD', 'JPY'),
        fc.array(fc.record({ fromMinor: fc.nat(100_000), ppm })),
      ),
    }),
  );
  const currency = fc.constantFrom(...supportedCurrencies());
  const rate = fc
    .tuple(fc.bigInt({ min: 1n, max: 10n ** 9n }), fc.nat(9))
    .map(([digits, scale]) => decimalText({ digits, scale }));
  const wanted = fc.record({
    amountMinor: fc.oneof(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 2 ** 53 - 1 }),
    ),
    currency,
    chargeCurrency: currency,
    rate,
    country: fc.constantFrom(null, 'US', 'DE', 'BR'),
  });
  const rules: fc.Arbitrary<PricingRules> = fc.record({
    version: fc.constant('any'),
    rules: fc.array(rule, { maxLength: 5 }),
    steps: fc.constantFrom({}, DEFAULT_PRICING.steps),
  });

  it('is the sum of its lines, in whole minor units, and what is not the conversion is the markup', () => {
    fc.assert(
      fc.property(wanted, rules, (each, by) => {
        const price = priceOf(each, by);
        if (typeof price === 'string') return;
        const sum = price.lines.reduce((total, line) => total + BigInt(line.amountMinor), 0n);
        expect(sum).toBe(BigInt(price.amountMinor));
        expect(price.markupMinor).toBe(price.amountMinor - (price.lines[0]?.amountMinor ?? 0));
        const amounts = [price.amountMinor, ...price.lines.map(({ amountMinor }) => amountMinor)];
        expect(amounts.filter((amount) => !Number.isSafeInteger(amount))).toEqual([]);
        expect(price.amountMinor).toBeGreaterThanOrEqual(1);
        expect(price.amountMinor % (by.steps[each.chargeCurrency] ?? 1)).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the same whenever it is computed again', () => {
    fc.assert(
      fc.property(wanted, rules, (each, by) => {
        expect(priceOf(each, by)).toEqual(priceOf(structuredClone(each), structuredClone(by)));
      }),
    );
  });
});

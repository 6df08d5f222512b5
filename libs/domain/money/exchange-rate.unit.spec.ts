import {
  dinero,
  convert as convertDinero,
  halfEven,
  toSnapshot,
  transformScale,
} from 'dinero.js/bigint';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minorUnits, supportedCurrencies } from './currencies.js';
import { decimalText, divideHalfEven, parseDecimal, quotient, tenTo } from './decimal.js';
import { apartPpm, convert, crossRate } from './exchange-rate.js';

const digits = (max: number) => fc.bigInt({ min: 1n, max: 10n ** BigInt(max) });
const decimal = fc
  .tuple(digits(12), fc.nat(10))
  .map(([value, scale]) => decimalText({ digits: value, scale }));
const currency = fc.constantFrom(...supportedCurrencies());
const amount = fc.oneof(
  fc.integer({ min: 1, max: 1_000_000 }),
  fc.integer({ min: 1, max: 2 ** 50 }),
);

describe('a decimal', () => {
  it.each([
    ['1.0836', '1.0836'],
    ['0.86780', '0.8678'],
    ['160', '160'],
    ['160.000', '160'],
    ['1e3', '1000'],
    ['2.5E-7', '0.00000025'],
    ['0012.5', '12.5'],
  ])('%s is %s', (written, read) => {
    const value = parseDecimal(written);
    expect(value && decimalText(value)).toBe(read);
  });

  it.each([
    '',
    '0',
    '0.0',
    '-1',
    '+1',
    '.5',
    '1.',
    '1,5',
    ' 1',
    '1e',
    '1e99',
    'NaN',
    'Infinity',
    '0x1',
    '١',
  ])('is not written %j', (text) => expect(parseDecimal(text)).toBeUndefined());

  it('is the same after it was written and read', () => {
    fc.assert(
      fc.property(decimal, (text) => {
        expect(decimalText(parseDecimal(text)!)).toBe(text);
      }),
    );
  });
});

describe('a division', () => {
  it.each([
    [5n, 2n, 2n],
    [7n, 2n, 4n],
    [-5n, 2n, -2n],
    [-7n, 2n, -4n],
    [8n, 3n, 3n],
    [-8n, 3n, -3n],
    [0n, 3n, 0n],
  ])('of %d by %d is %d', (numerator, denominator, nearest) => {
    expect(divideHalfEven(numerator, denominator)).toBe(nearest);
  });

  it('to significant digits is as near as those digits can be', () => {
    fc.assert(
      fc.property(digits(40), digits(40), fc.integer({ min: 1, max: 24 }), (n, d, significant) => {
        const { digits: q, scale } = quotient(n, d, significant);
        expect(String(q).replace(/0+$/, '').length).toBeLessThanOrEqual(significant);
        // |q/10^scale - n/d| <= half of the last digit, which is at most n/d / 10^(significant - 1).
        const apart = q * d - n * tenTo(scale);
        const size = apart < 0n ? -apart : apart;
        expect(2n * size * tenTo(significant - 1) <= n * tenTo(scale)).toBe(true);
      }),
    );
  });
});

describe('a cross rate', () => {
  it('is what the source says when the source speaks of the first currency', () => {
    fc.assert(
      fc.property(decimal, (rate) => {
        expect(crossRate('1', rate)).toBe(rate);
      }),
    );
  });

  it('of two rates divides one by the other', () => {
    expect(crossRate('1.1607', '176.45')).toBe('152.020332557939174635996');
    expect(crossRate('1.25', '1')).toBe('0.8');
    expect(crossRate('x', '1')).toBeUndefined();
  });

  it('says how far another one is away from it, in millionths', () => {
    expect(apartPpm('100', '102')).toBe(20_000);
    expect(apartPpm('100', '98')).toBe(20_000);
    expect(apartPpm('1', '1.00')).toBe(0);
    expect(apartPpm('3', '3.000000001')).toBe(1);
    expect(apartPpm('0.0001', '99999999999')).toBe(999_999_999);
    expect(apartPpm('1', '-1')).toBeUndefined();
  });
});

describe('a conversion', () => {
  it.each([
    [4200, 'USD', 'JPY', '152.02', 6385],
    [6385, 'JPY', 'USD', '0.0065780817', 4200],
    [1, 'KWD', 'JPY', '500', 0],
    [3, 'KWD', 'JPY', '500', 2],
    [100, 'USD', 'KWD', '0.30608', 306],
    [25, 'USD', 'EUR', '0.1', 2],
    [35, 'USD', 'EUR', '0.1', 4],
  ])('of %d %s to %s at %s is %d', (amountMinor, from, to, rate, rounded) => {
    expect(convert(amountMinor, { from, to, rate })?.rounded).toBe(BigInt(rounded));
  });

  it.each([
    [0, 'USD', 'EUR', '1'],
    [1.5, 'USD', 'EUR', '1'],
    [2 ** 53, 'USD', 'EUR', '1'],
    [1, 'XAU', 'EUR', '1'],
    [1, 'USD', 'XXX', '1'],
    [1, 'USD', 'EUR', '0'],
  ])('of %d %s to %s at %s is none', (amountMinor, from, to, rate) => {
    expect(convert(amountMinor, { from, to, rate })).toBeUndefined();
  });

  it('is what an independent library makes of it, in every currency', () => {
    fc.assert(
      fc.property(amount, currency, currency, decimal, (amountMinor, from, to, rate) => {
        const { digits: value, scale } = parseDecimal(rate)!;
        const of = (code: string) => ({ code, base: 10n, exponent: BigInt(minorUnits(code)!) });
        const there = convertDinero(
          dinero({ amount: BigInt(amountMinor), currency: of(from) }),
          of(to),
          {
            [to]: { amount: value, scale: BigInt(scale) },
          },
        );
        const rounded = transformScale(there, BigInt(minorUnits(to)!), halfEven);
        expect(convert(amountMinor, { from, to, rate })?.rounded).toBe(toSnapshot(rounded).amount);
      }),
      { numRuns: 1_000 },
    );
  });

  it('there and back is the same but for the two roundings', () => {
    fc.assert(
      fc.property(amount, currency, currency, decimal, (amountMinor, from, to, rate) => {
        const there = convert(amountMinor, { from, to, rate })!.rounded;
        if (there < 1n || there > BigInt(Number.MAX_SAFE_INTEGER)) return;
        const inverse = crossRate(rate, '1')!;
        const back = convert(Number(there), { from: to, to: from, rate: inverse })!.rounded;
        const lost = back - BigInt(amountMinor);
        // Half a coin of `to`, worth so many of `from`, and half a coin of `from`; one more for the digits of the inverse.
        const coin = convert(1, { from: to, to: from, rate: inverse })!.exact;
        const worth = coin.digits / tenTo(coin.scale) / 2n;
        expect(lost <= worth + 2n && -lost <= worth + 2n).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

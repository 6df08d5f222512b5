import { describe, expect, it } from 'vitest';
import { minorUnits } from '#domain';
import { toProcessorAmount } from '../minor-units.js';
import { ADYEN_CURRENCIES, ADYEN_MINOR_UNITS, adyenCapabilities } from './adyen.capabilities.js';

const capabilities = adyenCapabilities(1_000);

/** What Adyen publishes for those that do not have two digits; all others have. */
const NOT_TWO: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    'CVE DJF GNF IDR JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'
      .split(' ')
      .map((code) => [code, 0]),
  ),
  ...Object.fromEntries('BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3])),
};

describe('the capabilities', () => {
  it('count every currency as Adyen does', () => {
    for (const currency of ADYEN_CURRENCIES) {
      const digits = ADYEN_MINOR_UNITS[currency] ?? minorUnits(currency);
      expect([currency, digits]).toEqual([currency, NOT_TWO[currency] ?? 2]);
    }
  });

  it('name every currency once', () => {
    expect(new Set(ADYEN_CURRENCIES).size).toBe(ADYEN_CURRENCIES.length);
    expect(ADYEN_CURRENCIES).toHaveLength(136);
  });

  it('name only currencies that are exceptions as exceptions', () => {
    for (const [currency, digits] of Object.entries(ADYEN_MINOR_UNITS))
      expect(minorUnits(currency)).not.toBe(digits);
  });

  it.each(['MGA', 'BIF', 'ANG', 'CNH', 'VES'])('do not claim %s', (currency) => {
    expect(ADYEN_CURRENCIES).not.toContain(currency);
  });

  it.each([
    ['CLP', 4_200, 420_000],
    ['ISK', 4_200, 420_000],
    ['CVE', 4_200, 42],
    ['IDR', 4_200_00, 4_200],
    ['UGX', 4_200, 4_200],
  ])('say %s %d as %d', (currency, amountMinor, value) => {
    expect(toProcessorAmount(amountMinor, currency, capabilities)).toBe(value);
  });

  it.each(['IDR', 'CVE'])('never round %s', (currency) => {
    expect(toProcessorAmount(4_201, currency, capabilities)).toBeUndefined();
  });

  it('re-send a key for less than the seven days it is documented to live', () => {
    const { safeForMs, lengthMax } = capabilities.idempotencyKey;
    expect([safeForMs / 86_400_000, lengthMax]).toEqual([6, 64]);
  });
});

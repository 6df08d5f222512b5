import currencyCodes from 'currency-codes';
import { describe, expect, it } from 'vitest';
import { isSupportedCurrency, minorUnits, supportedCurrencies } from './currencies.js';

/** The list that ISO's maintenance agency publishes, as somebody else reads it. */
const PUBLISHED = new Map(currencyCodes.data.map(({ code, digits }) => [code, digits]));

/** Published, and nothing that a purchase is paid in. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'units of account and of funds': 'BOV CHE CHW CLF COU MXV USN UYI UYW XDR XSU XUA',
  'metals and bonds': 'XAG XAU XBA XBB XBC XBD XPD XPT',
  'tests, and no currency at all': 'XTS XXX',
  'withdrawn in Cuba since 2021': 'CUC',
};
const leftOut = Object.values(LEFT_OUT).flatMap((codes) => codes.split(' '));

describe('the currencies', () => {
  it('are of the same list as those they are compared with', () => {
    expect(currencyCodes.publishDate).toBe('2024-06-25');
  });

  it('have the digits after the decimal point that ISO 4217 gives them', () => {
    const supported = supportedCurrencies();
    expect(supported.length).toBeGreaterThan(150);
    expect(supported.map((code) => [code, minorUnits(code)])).toEqual(
      supported.map((code) => [code, PUBLISHED.get(code)]),
    );
  });

  it('are all that are published, but for what nobody pays with', () => {
    expect([...PUBLISHED.keys()].filter((code) => !isSupportedCurrency(code)).toSorted()).toEqual(
      leftOut.toSorted(),
    );
  });

  it.each(['usd', 'Usd', 'US', 'USDX', '', 'constructor', 'DEM'])(
    'are none of those when written %j',
    (code) => {
      expect(isSupportedCurrency(code)).toBe(false);
      expect(minorUnits(code)).toBeUndefined();
    },
  );
});

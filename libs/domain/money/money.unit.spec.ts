import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSupportedCurrency, minorUnits, supportedCurrencies } from './currencies.js';
import {
  holdPostings,
  isBalanced,
  refundPostings,
  releasePostings,
  spendPostings,
} from './postings.js';

describe('currencies', () => {
  it.each([
    ['JPY', 0],
    ['KRW', 0],
    ['CLP', 0],
    ['ISK', 0],
    ['UGX', 0],
    ['VND', 0],
    ['XOF', 0],
    ['USD', 2],
    ['EUR', 2],
    ['GBP', 2],
    ['HUF', 2],
    ['IDR', 2],
    ['MGA', 2],
    ['TWD', 2],
    ['KWD', 3],
    ['BHD', 3],
    ['IQD', 3],
    ['TND', 3],
  ])('%s has %i minor digits, as ISO 4217 says and Intl does not always', (code, digits) => {
    expect(minorUnits(code)).toBe(digits);
  });

  it('are listed once each, as three upper-case letters, all supported', () => {
    const codes = supportedCurrencies();
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.filter((code) => !/^[A-Z]{3}$/.test(code) || !isSupportedCurrency(code))).toEqual(
      [],
    );
    expect(codes.length).toBeGreaterThan(150);
  });

  it.each(['usd', 'XXX', 'XAU', 'XTS', 'XDR', '', 'toString', 'US'])(
    '%j is none that anybody pays with',
    (code) => {
      expect([isSupportedCurrency(code), minorUnits(code)]).toEqual([false, undefined]);
    },
  );
});

describe('postings', () => {
  const moved = fc.record({
    agent: fc.constantFrom('agt_1', 'agt_2'),
    processor: fc.constantFrom('one', 'two'),
    amountMinor: fc.nat(Number.MAX_SAFE_INTEGER),
    currency: fc.constantFrom('USD', 'EUR'),
  });
  const kinds = fc.constantFrom(holdPostings, releasePostings, spendPostings, refundPostings);

  it('of any movements sum to zero per currency', () => {
    const movements = fc.array(fc.tuple(kinds, moved).map(([post, what]) => post(what)));
    fc.assert(fc.property(movements, (all) => all.every(isBalanced)));
  });

  it('of a hold and of its release cancel each other out on every account', () => {
    fc.assert(
      fc.property(moved, (what) => {
        const sums = new Map<string, number>();
        for (const { account, amountMinor } of [...holdPostings(what), ...releasePostings(what)])
          sums.set(account, (sums.get(account) ?? 0) + amountMinor);
        expect([...sums.values()]).toEqual([0, 0]);
      }),
    );
  });

  it('of a refund leave what was spent on record, beside what came back', () => {
    const what = { agent: 'a', processor: 'p', amountMinor: 5, currency: 'USD' };
    const sums = new Map<string, number>();
    for (const { account, amountMinor } of [...spendPostings(what), ...refundPostings(what)])
      sums.set(account, (sums.get(account) ?? 0) + amountMinor);
    expect(Object.fromEntries(sums)).toEqual({
      'agent:a:spent': 5,
      'processor:p:clearing': 0,
      'agent:a:refunded': -5,
    });
  });

  it('never hold a negative zero', () => {
    const zero = { agent: 'a', processor: 'p', amountMinor: 0, currency: 'USD' };
    for (const { amountMinor } of holdPostings(zero)) expect(Object.is(amountMinor, 0)).toBe(true);
  });

  it('that do not balance, or only across currencies, are told', () => {
    const line = (amountMinor: number, currency: string) => ({
      account: 'a',
      amountMinor,
      currency,
    });
    expect(isBalanced([line(1, 'USD')])).toBe(false);
    expect(isBalanced([line(1, 'USD'), line(-1, 'EUR')])).toBe(false);
    expect(isBalanced([])).toBe(true);
  });
});

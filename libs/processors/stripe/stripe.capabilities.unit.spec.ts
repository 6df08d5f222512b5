import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { supportedCurrencies } from '#domain';
import { fromStripeAmount, STRIPE_CAPABILITIES, toStripeAmount } from './stripe.capabilities.js';

describe('an amount at Stripe', () => {
  it.each([
    ['USD', 4_200, 4_200],
    ['JPY', 4_200, 4_200],
    ['CLP', 4_200, 4_200],
    ['KRW', 1, 1],
    ['ISK', 5, 500],
    ['UGX', 5, 500],
    ['HUF', 1_045, 1_045],
    ['TWD', 80_045, 80_045],
    ['MGA', 500, 5],
    ['MGA', 501, undefined],
    ['KWD', 5_120, 5_120],
    ['KWD', 5_124, undefined],
    ['BHD', 10, 10],
    ['TND', 1, undefined],
    ['IQD', 1_000, undefined],
    ['XXX', 1, undefined],
    ['usd', 1, undefined],
  ])('of %s %d is %s', (currency, amountMinor, amount) => {
    expect(toStripeAmount(amountMinor, currency)).toBe(amount);
  });

  it('comes back as what was sent, whenever it could be sent', () => {
    const currency = fc.constantFrom(...(STRIPE_CAPABILITIES.currencies as string[]));
    fc.assert(
      fc.property(fc.nat(STRIPE_CAPABILITIES.amountMax ?? 0), currency, (amountMinor, code) => {
        const sent = toStripeAmount(amountMinor, code);
        if (sent !== undefined) expect(fromStripeAmount(sent, code)).toBe(amountMinor);
      }),
    );
  });

  it('is in a currency that is a currency', () => {
    const known = new Set(supportedCurrencies());
    const currencies = STRIPE_CAPABILITIES.currencies as string[];
    expect(currencies.filter((each) => !known.has(each))).toEqual([]);
    expect(new Set(currencies).size).toBe(currencies.length);
    expect(currencies.length).toBeGreaterThan(130);
  });
});

describe('what Stripe can do', () => {
  it('is told with a key life that stays below the documented 24 hours', () => {
    const { safeForMs, lengthMax } = STRIPE_CAPABILITIES.idempotencyKey;
    expect(safeForMs).toBeLessThan(23 * 60 * 60 * 1_000);
    expect(lengthMax).toBe(255);
  });
});

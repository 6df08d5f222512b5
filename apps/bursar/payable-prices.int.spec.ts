import { describe, expect, it } from 'vitest';
import { DEFAULT_PRICING, crossRate, priceOf, supportedCurrencies } from '#domain';
import { fromProcessorAmount, toProcessorAmount } from '#processors';
import {
  ADYEN_CURRENCIES,
  adyenCapabilities,
} from '../../libs/processors/adyen/adyen.capabilities.js';
import {
  STRIPE_CAPABILITIES,
  fromStripeAmount,
  toStripeAmount,
} from '../../libs/processors/stripe/stripe.capabilities.js';
import { EURO_RATES } from '../sandbox/rate.table.js';

const ADYEN = adyenCapabilities(1);
const AMOUNTS = [12_345_678, 99_999_999];

const rateOf = (from: string, to: string) =>
  crossRate(EURO_RATES.get(from) ?? '1', EURO_RATES.get(to) ?? '1') ?? '';

/** Every currency in every other one, by the rates of the sandbox and the rules that apply unless others are given. */
function* prices() {
  for (const currency of supportedCurrencies())
    for (const chargeCurrency of supportedCurrencies())
      for (const amountMinor of AMOUNTS) {
        const rate = rateOf(currency, chargeCurrency);
        const priced = { amountMinor, currency, chargeCurrency, rate, country: null };
        yield priceOf(priced, DEFAULT_PRICING);
      }
}

describe('a price', () => {
  it('in any currency is one that every processor which takes the currency can say to the minor unit', () => {
    let count = 0;
    const unsayable: unknown[] = [];
    for (const price of prices()) {
      if (typeof price === 'string') {
        unsayable.push(price);
        continue;
      }
      const { amountMinor, currency } = price;
      count += 1;
      if (STRIPE_CAPABILITIES.currencies.includes(currency)) {
        const there = toStripeAmount(amountMinor, currency);
        const back = there !== undefined && fromStripeAmount(there, currency);
        if (back !== amountMinor) unsayable.push(['stripe', price]);
      }
      if (ADYEN_CURRENCIES.includes(currency)) {
        const there = toProcessorAmount(amountMinor, currency, ADYEN);
        const back = there !== undefined && fromProcessorAmount(there, currency, ADYEN);
        if (back !== amountMinor) unsayable.push(['adyen', price]);
      }
    }
    expect(unsayable).toEqual([]);
    expect(count).toBe(AMOUNTS.length * supportedCurrencies().length ** 2);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { supportedCurrencies } from '#domain';
import { fromProcessorAmount, toProcessorAmount } from './minor-units.js';

const none = { minorUnits: {} };
const odd = { minorUnits: { CLP: 2, UGX: 2, CVE: 0, ISK: 2 } };

describe('the amount as a processor counts it', () => {
  it('is the same where nothing is different', () => {
    for (const currency of supportedCurrencies())
      expect(toProcessorAmount(4_200, currency, none)).toBe(4_200);
  });

  it('has more digits, or fewer, where the processor has', () => {
    expect(toProcessorAmount(4_200, 'CLP', odd)).toBe(420_000);
    expect(toProcessorAmount(4_200, 'CVE', odd)).toBe(42);
    expect(fromProcessorAmount(420_000, 'CLP', odd)).toBe(4_200);
    expect(fromProcessorAmount(42, 'CVE', odd)).toBe(4_200);
  });

  it('is never rounded', () => {
    expect(toProcessorAmount(4_201, 'CVE', odd)).toBeUndefined();
    expect(fromProcessorAmount(420_001, 'CLP', odd)).toBeUndefined();
    expect(toProcessorAmount(Number.MAX_SAFE_INTEGER, 'CLP', odd)).toBeUndefined();
  });

  it('cannot be said in a currency nobody supports', () => {
    expect(toProcessorAmount(1, 'XXX', none)).toBeUndefined();
  });

  it('comes back as what was sent, whenever it could be sent', () => {
    const currency = fc.constantFrom('CLP', 'CVE', 'ISK', 'UGX', 'USD', 'KWD');
    fc.assert(
      fc.property(fc.maxSafeNat(), currency, (amountMinor, code) => {
        const sent = toProcessorAmount(amountMinor, code, odd);
        if (sent !== undefined) expect(fromProcessorAmount(sent, code, odd)).toBe(amountMinor);
      }),
    );
  });
});

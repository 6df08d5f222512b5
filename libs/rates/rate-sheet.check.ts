import { decimalText, isSupportedCurrency, parseDecimal } from '#domain';
import type { EpochMs } from '#platform';
import type { SheetOutcome } from './rate-source.port.js';

const RATES_MAX = 1_000;

/**
 * A sheet of what a source says, if all of it can be believed: one rate that is no rate makes the others doubtful as well. Codes
 * that nobody pays with are left out.
 */
export function checkedSheet(
  base: unknown,
  asOf: EpochMs,
  given: readonly (readonly [currency: string, rate: unknown])[],
): SheetOutcome {
  if (typeof base !== 'string' || !isSupportedCurrency(base)) return unreadable('the base');
  if (!Number.isSafeInteger(asOf) || asOf < 0 || asOf > LAST_INSTANT) return unreadable('the date');
  if (given.length > RATES_MAX) return unreadable(`more than ${RATES_MAX} rates`);
  const rates = new Map<string, string>();
  for (const [currency, written] of given) {
    const decimal = typeof written === 'string' ? parseDecimal(written) : undefined;
    if (!decimal) return unreadable(`the rate of ${named(currency)}`);
    if (rates.has(currency)) return unreadable(`two rates of ${named(currency)}`);
    const rate = decimalText(decimal);
    if (currency === base && rate !== '1') return unreadable('the rate of the base');
    rates.set(currency, rate);
  }
  for (const currency of rates.keys())
    if (currency === base || !isSupportedCurrency(currency)) rates.delete(currency);
  if (rates.size === 0) return unreadable('no rates');
  return { ok: true, sheet: { base, asOf, rates } };
}

export function unreadable(what: string): SheetOutcome {
  return { ok: false, fault: 'unreadable', detail: what };
}

const LAST_INSTANT = Date.UTC(9999, 0);

/** Somebody else's word, as far as it goes into the audit. */
function named(currency: string): string {
  return /^[A-Z]{3}$/.test(currency) ? currency : 'something that is no currency';
}

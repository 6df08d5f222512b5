import { minorUnits } from './currencies.js';
import {
  type Decimal,
  decimalText,
  divideHalfEven,
  parseDecimal,
  quotient,
  tenTo,
} from './decimal.js';

/** Enough for the largest amount to be converted with an error far below its smallest coin. */
const SIGNIFICANT_DIGITS = 24;

/**
 * What one of a currency is worth in another, where both were given for one unit of a third: `to` / `from`. Exactly `to` when
 * `from` is 1. Undefined when one of them is no rate.
 */
export function crossRate(from: string, to: string): string | undefined {
  const [divisor, dividend] = [parseDecimal(from), parseDecimal(to)];
  if (!divisor || !dividend) return undefined;
  const rate = quotient(
    dividend.digits * tenTo(divisor.scale),
    divisor.digits * tenTo(dividend.scale),
    SIGNIFICANT_DIGITS,
  );
  return decimalText(rate);
}

/** How far two rates lie apart, in millionths of the first one, rounded up. Undefined when one of them is no rate. */
export function apartPpm(one: string, other: string): number | undefined {
  const [left, right] = [parseDecimal(one), parseDecimal(other)];
  if (!left || !right) return undefined;
  const [a, b] = [left.digits * tenTo(right.scale), right.digits * tenTo(left.scale)];
  const apart = a > b ? a - b : b - a;
  const ppm = (apart * 1_000_000n + a - 1n) / a;
  return ppm > 999_999_999n ? 999_999_999 : Number(ppm);
}

/** What an amount is worth, in minor units of the other currency and exactly: a decimal that no coin may be worth. */
export interface ExactConversion {
  readonly exact: Decimal;
  /** The same in whole minor units, half to even. */
  readonly rounded: bigint;
}

/** Undefined for a currency that is not supported, an amount that is none, or a rate that is none. */
export function convert(
  amountMinor: number,
  { from, to, rate }: { from: string; to: string; rate: string },
): ExactConversion | undefined {
  const [fromUnits, toUnits, factor] = [minorUnits(from), minorUnits(to), parseDecimal(rate)];
  if (fromUnits === undefined || toUnits === undefined || !factor) return undefined;
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 1) return undefined;
  const digits = BigInt(amountMinor) * factor.digits * tenTo(toUnits);
  const scale = factor.scale + fromUnits;
  return { exact: { digits, scale }, rounded: divideHalfEven(digits, tenTo(scale)) };
}

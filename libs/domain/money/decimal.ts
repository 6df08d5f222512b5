/** A positive number exactly as it is written: `digits` / 10^`scale`. No binary fraction ever comes near money. */
export interface Decimal {
  readonly digits: bigint;
  /** Never negative. */
  readonly scale: number;
}

const WRITTEN = /^(\d{1,24})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,2}))?$/;
const EXPONENT_MAX = 24;

/** Undefined for whatever is no positive decimal of a size that rates have. */
export function parseDecimal(text: string): Decimal | undefined {
  const [, whole, fraction = '', exponentText = '0'] = WRITTEN.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const exponent = Number(exponentText);
  const digits = BigInt(whole + fraction);
  if (digits === 0n || Math.abs(exponent) > EXPONENT_MAX) return undefined;
  const scale = fraction.length - exponent;
  return shortened(scale < 0 ? { digits: digits * tenTo(-scale), scale: 0 } : { digits, scale });
}

/** Without an exponent and without zeros that say nothing. */
export function decimalText(decimal: Decimal): string {
  const { digits, scale } = shortened(decimal);
  if (scale === 0) return String(digits);
  const padded = String(digits).padStart(scale + 1, '0');
  return `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** The quotient as a decimal of at most so many significant digits, half to even. Both are positive. */
export function quotient(numerator: bigint, denominator: bigint, significant: number): Decimal {
  const ahead = String(numerator).length - String(denominator).length;
  // The quotient has `ahead` or `ahead + 1` digits before the point; rounding may carry into one more.
  for (let scale = significant - ahead; ; scale -= 1) {
    const rounded =
      scale >= 0
        ? divideHalfEven(numerator * tenTo(scale), denominator)
        : divideHalfEven(numerator, denominator * tenTo(-scale));
    if (String(rounded).length > significant) continue;
    return shortened(
      scale >= 0 ? { digits: rounded, scale } : { digits: rounded * tenTo(-scale), scale: 0 },
    );
  }
}

/** The nearest integer; of two that are equally near the even one. The denominator is positive. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const sign = numerator < 0n ? -1n : 1n;
  const size = numerator * sign;
  const down = size / denominator;
  const twice = 2n * (size % denominator);
  const isUp = twice > denominator || (twice === denominator && down % 2n === 1n);
  return sign * (isUp ? down + 1n : down);
}

export function tenTo(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

function shortened({ digits, scale }: Decimal): Decimal {
  let [left, leftScale] = [digits, scale];
  while (leftScale > 0 && left % 10n === 0n) [left, leftScale] = [left / 10n, leftScale - 1];
  return { digits: left, scale: leftScale };
}

import { decimalText, divideHalfEven } from '../money/decimal.js';
import { type ExactConversion, convert } from '../money/exchange-rate.js';
import type { PricingRule, PricingRules } from './pricing-rules.js';

/** One line of a price; their amounts add up to it. */
export interface PriceLine {
  readonly kind: 'conversion' | PricingRule['kind'] | 'rounding';
  readonly rule: string;
  /** Minor units of the charge currency; below zero for what is taken off. */
  readonly amountMinor: number;
  /** In words, with every figure that it was made from. */
  readonly because: string;
}

export interface Price {
  /** Of the rules. */
  readonly version: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** What is not the conversion itself. */
  readonly markupMinor: number;
  readonly lines: readonly PriceLine[];
}

export interface Priced {
  readonly amountMinor: number;
  readonly currency: string;
  readonly chargeCurrency: string;
  /** Decimal: what one of the currency is worth in the charge currency. */
  readonly rate: string;
  /** Of the payee, ISO 3166-1; null when nobody told. */
  readonly country: string | null;
}

export type Unpriceable = 'too_small' | 'too_large' | 'no_amount';

/**
 * What is charged for an amount. The converted amount is rounded once, each rule takes its share of that and is rounded by itself, and
 * last the sum is brought to a step of the currency; always half to even.
 */
export function priceOf(priced: Priced, rules: PricingRules): Price | Unpriceable {
  const { amountMinor, currency, chargeCurrency, rate } = priced;
  const converted = convert(amountMinor, { from: currency, to: chargeCurrency, rate });
  if (!converted) return 'no_amount';
  const shares = rules.rules.flatMap((rule) => shareOf(rule, priced, converted.rounded) ?? []);
  const before = shares.reduce((sum, { size }) => sum + size, converted.rounded);
  const step = BigInt(rules.steps[chargeCurrency] ?? 1);
  const total = divideHalfEven(before, step) * step;
  if (total < 1n) return 'too_small';
  if ([converted.rounded, total].some((size) => size > BigInt(Number.MAX_SAFE_INTEGER)))
    return 'too_large';
  const lines: PriceLine[] = [
    conversionLine(priced, converted),
    ...shares.map(({ line }) => line),
    ...(total === before ? [] : [roundingLine(chargeCurrency, step, total - before)]),
  ];
  return {
    version: rules.version,
    ...{ amountMinor: Number(total), currency: chargeCurrency },
    markupMinor: Number(total - converted.rounded),
    lines,
  };
}

interface Share {
  size: bigint;
  line: PriceLine;
}

function shareOf(rule: PricingRule, priced: Priced, convertedMinor: bigint): Share | null {
  const { kind, name } = rule;
  const applied = applies(rule, priced);
  if (!applied || applied.ppm === 0) return null;
  const size = divideHalfEven(convertedMinor * BigInt(applied.ppm), 1_000_000n);
  const because = `${applied.ppm} millionths of ${convertedMinor}: ${applied.because}`;
  return { size, line: { kind, rule: name, amountMinor: Number(size), because } };
}

function applies(
  rule: PricingRule,
  { amountMinor, currency, chargeCurrency, country }: Priced,
): { ppm: number; because: string } | null {
  switch (rule.kind) {
    case 'markup': {
      const isConversion = currency !== chargeCurrency;
      if (rule.on === 'conversions' && !isConversion) return null;
      const because = isConversion ? `${currency} is charged in ${chargeCurrency}` : 'always';
      return { ppm: rule.ppm, because };
    }
    case 'regional': {
      const named = country !== null && Object.hasOwn(rule.countries, country);
      const ppm = named ? rule.countries[country] : undefined;
      return ppm === undefined
        ? { ppm: rule.elsewherePpm, because: 'the payee is in no country that is named' }
        : { ppm, because: `the payee is in ${country}` };
    }
    case 'volume': {
      const tiers = Object.hasOwn(rule.tiers, currency) ? (rule.tiers[currency] ?? []) : [];
      const reached = tiers
        .filter(({ fromMinor }) => amountMinor >= fromMinor)
        .reduce<(typeof tiers)[number] | null>(
          (highest, tier) => (highest && highest.fromMinor >= tier.fromMinor ? highest : tier),
          null,
        );
      if (!reached) return null;
      const because = `${amountMinor} ${currency} are ${reached.fromMinor} or more`;
      return { ppm: reached.ppm, because };
    }
  }
}

function conversionLine(
  { amountMinor, currency, chargeCurrency, rate }: Priced,
  { exact, rounded }: ExactConversion,
): PriceLine {
  const of = `${amountMinor} minor units of ${currency} at ${rate}`;
  const because =
    currency === chargeCurrency
      ? of
      : `${of} are ${decimalText(exact)} of ${chargeCurrency}, rounded half to even`;
  return { kind: 'conversion', rule: 'rate', amountMinor: Number(rounded), because };
}

function roundingLine(currency: string, step: bigint, size: bigint): PriceLine {
  const because = `${currency} is charged in steps of ${step}`;
  return { kind: 'rounding', rule: 'step', amountMinor: Number(size), because };
}

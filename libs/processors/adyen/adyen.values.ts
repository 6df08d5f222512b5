/** Checks for values from outside: whatever is not exactly as documented is not read. */

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Adyen's own names: 16 characters today, and never anything that means something in an address. */
export const isReference = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w-]{1,64}$/.test(value);

/** What we called something: at most the 80 characters Adyen keeps. */
export const isOwnReference = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,80}$/.test(value);

/** Error and refusal codes reach the audit, so they are short words: `702`, `14_030`. */
export const isCode = (value: unknown): value is string =>
  typeof value === 'string' && /^\w{1,16}$/.test(value);

export interface AdyenAmount {
  /** In the minor units of Adyen. */
  value: number;
  currency: string;
}

export function amountOf(value: unknown): AdyenAmount | undefined {
  if (!isObject(value)) return undefined;
  const { value: amount, currency } = value;
  return Number.isSafeInteger(amount) && typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)
    ? // No negative zero.
      { value: (amount as number) + 0, currency }
    : undefined;
}

const TEXT_LENGTH_MAX = 200;

/** Text for people, cut and without control characters; undefined when there is none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value
    .slice(0, TEXT_LENGTH_MAX)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, ' ')
    .trim();
  return text === '' ? undefined : text;
}

import { minorUnits } from '#domain';

/** `42.00 USD` of 4200 minor units; an amount in a currency that is not known here stays in minor units. */
export function moneyText(amountMinor: number, currency: string): string {
  const digits = minorUnits(currency);
  if (digits === undefined) return `${amountMinor} minor units of ${currency}`;
  if (digits === 0) return `${amountMinor} ${currency}`;
  const padded = String(Math.abs(amountMinor)).padStart(digits + 1, '0');
  const sign = amountMinor < 0 ? '-' : '';
  return `${sign}${padded.slice(0, -digits)}.${padded.slice(-digits)} ${currency}`;
}

import { minorUnits } from '#domain';
import type { ProcessorCapabilities } from './processor.port.js';

type Exceptions = Pick<ProcessorCapabilities, 'minorUnits'>;

/**
 * An amount in ISO 4217 minor units as this processor counts it, or undefined when it cannot be said there exactly: an amount
 * is never rounded on its way to a processor.
 */
export function toProcessorAmount(
  amountMinor: number,
  currency: string,
  exceptions: Exceptions,
): number | undefined {
  return shifted(amountMinor, digitsMore(currency, exceptions));
}

/** The reverse, for echoes and notifications; undefined when ISO 4217 minor units cannot say it exactly. */
export function fromProcessorAmount(
  amount: number,
  currency: string,
  exceptions: Exceptions,
): number | undefined {
  return shifted(amount, -digitsMore(currency, exceptions));
}

/** How many more digits after the decimal point the processor has than ISO 4217; NaN for a currency nobody supports. */
function digitsMore(currency: string, { minorUnits: exceptions }: Exceptions): number {
  const iso = minorUnits(currency) ?? NaN;
  return (exceptions[currency] ?? iso) - iso;
}

function shifted(amount: number, digits: number): number | undefined {
  const factor = 10 ** Math.abs(digits);
  const exact = digits >= 0 ? amount * factor : amount / factor;
  return Number.isSafeInteger(exact) ? exact : undefined;
}

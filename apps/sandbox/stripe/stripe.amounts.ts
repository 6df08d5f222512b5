import { invalid } from './stripe.refusal.js';

/** What Stripe demands of amounts, https://docs.stripe.com/currencies. */

const THREE_DECIMAL = new Set(['bhd', 'jod', 'kwd', 'omr', 'tnd']);
const ALWAYS_WHOLE = new Set(['isk', 'ugx']);
const DIGITS_MAX = 12;

const MINIMUM: Readonly<Record<string, number>> = {
  ...{ aud: 50, cad: 50, chf: 50, eur: 50, usd: 50, nzd: 50, sgd: 50, gbp: 30, jpy: 50, krw: 50 },
  ...{ czk: 1_500, dkk: 250, nok: 300, sek: 300, pln: 200, hkd: 400, huf: 17_500, mxn: 1_000 },
};

/** A positive integer in the currency's minor units, as a form says it. */
export function amountOf(name: string, value: unknown): number {
  if (value === undefined) {
    throw invalid({ code: 'parameter_missing', param: name, message: `Missing: ${name}.` });
  }
  const digits = new RegExp(`^[1-9]\\d{0,${DIGITS_MAX - 1}}$`);
  if (typeof value === 'string' && digits.test(value)) return Number(value);
  const message = `${name} must be a positive integer of at most ${DIGITS_MAX} digits.`;
  throw invalid({ code: 'parameter_invalid_integer', param: name, message });
}

export function demandChargeable(amount: number, currency: string): void {
  demandSayable('amount', amount, currency);
  const minimum = MINIMUM[currency] ?? 1;
  if (amount >= minimum) return;
  const message = `The least that can be charged in ${currency} is ${minimum}.`;
  throw invalid({ code: 'amount_too_small', param: 'amount', message });
}

/** Some currencies leave digits without use. */
export function demandSayable(name: string, amount: number, currency: string): void {
  const step = THREE_DECIMAL.has(currency) ? 10 : ALWAYS_WHOLE.has(currency) ? 100 : 1;
  if (amount % step === 0) return;
  const message = `An amount in ${currency} is a multiple of ${step}.`;
  throw invalid({ code: 'parameter_invalid_integer', param: name, message });
}

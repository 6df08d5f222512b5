import type { ProcessorCapabilities } from '../processor.port.js';
import { fromProcessorAmount, toProcessorAmount } from '../minor-units.js';

const HOUR_MS = 60 * 60 * 1_000;

/** Presentment currencies of https://docs.stripe.com/currencies; which of them an account has depends on its country. */
const CURRENCIES: readonly string[] = (
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY ' +
  'COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD ' +
  'JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD ' +
  'NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB ' +
  'TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW'
).split(' ');

/** Their last digit has to be 0. https://docs.stripe.com/currencies#three-decimal */
const THREE_DECIMAL = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/** What a Stripe account can do, each with its source in this folder's README. */
export const STRIPE_CAPABILITIES: ProcessorCapabilities = {
  authorization: 'two_step',
  fence: true,
  lookUp: true,
  // Keys are pruned once they are at least 24 hours old; four hours are the margin.
  idempotencyKey: { lengthMax: 255, safeForMs: 20 * HOUR_MS },
  currencies: CURRENCIES,
  // ISK and UGX are charged with two decimals that are always 00, MGA with none. HUF and TWD differ in payouts only.
  minorUnits: { ISK: 2, MGA: 0, UGX: 2 },
  methods: ['card'],
  amountMax: 999_999_999_999,
  decidesLater: [],
  // What Stripe cancels an uncaptured intent after. Visa ends merchant-initiated ones sooner, which these are not.
  authorizationValidForMs: 7 * 24 * HOUR_MS,
  // Issuers take seconds, and everything else some hundred milliseconds on a connection that is new as often as not.
  timeLimits: { softDeadlineMs: 8_000, hardDeadlineMs: 60_000, harmlessDeadlineMs: 3_000 },
};

/** ISO 4217 minor units as Stripe counts them; undefined when Stripe cannot say the amount exactly. */
export function toStripeAmount(amountMinor: number, currency: string): number | undefined {
  if (!CURRENCIES.includes(currency)) return undefined;
  const amount = toProcessorAmount(amountMinor, currency, STRIPE_CAPABILITIES);
  return amount !== undefined && THREE_DECIMAL.has(currency) && amount % 10 !== 0
    ? undefined
    : amount;
}

/** The reverse, for answers and notifications; undefined when it cannot be said in ISO 4217 minor units. */
export const fromStripeAmount = (amount: number, currency: string): number | undefined =>
  fromProcessorAmount(amount, currency, STRIPE_CAPABILITIES);

import type { ProcessorCapabilities } from '../processor.port.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Documented to live seven days at least; one is the margin. */
const KEY_SAFE_FOR_MS = 6 * DAY_MS;

/** The shortest time a card scheme keeps a hold that no buyer was present for (Visa). */
export const AUTHORIZATION_VALID_FOR_MS = 5 * DAY_MS;

/** Where Adyen's currency table differs from ISO 4217 (README, "Currencies"). */
export const ADYEN_MINOR_UNITS: Readonly<Record<string, number>> = {
  CLP: 2,
  CVE: 0,
  IDR: 0,
  ISK: 2,
};

/**
 * What Adyen publishes a number of decimals for. Everything else is not supported here: a wrong number of decimals charges
 * a hundred times too much.
 */
export const ADYEN_CURRENCIES: readonly string[] = (
  'AED ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BMD BND BOB BRL BSD BWP BYN BZD CAD CHF CLP CNY COP CRC CUP CVE CZK ' +
  'DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD ISK JMD JOD JPY ' +
  'KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LYD MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK ' +
  'NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STN SVC SZL THB TND ' +
  'TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW'
).split(' ');

export const adyenCapabilities = (authorizationValidForMs: number): ProcessorCapabilities => ({
  authorization: 'one_step',
  fence: false,
  lookUp: false,
  idempotencyKey: { lengthMax: 64, safeForMs: KEY_SAFE_FOR_MS },
  currencies: ADYEN_CURRENCIES,
  minorUnits: ADYEN_MINOR_UNITS,
  methods: ['card'],
  amountMax: null,
  decidesLater: ['capture', 'void', 'refund'],
  authorizationValidForMs,
  // Issuers take seconds, and everything else some hundred milliseconds on a connection that is new as often as not.
  timeLimits: { softDeadlineMs: 8_000, hardDeadlineMs: 60_000, harmlessDeadlineMs: 3_000 },
});

/**
 * Minor units of a currency that are worth about one US dollar. Deliberately rough: these numbers scale thresholds and never
 * convert money, so they follow no market and need no updates.
 */
const REFERENCE_UNIT_MINOR: ReadonlyMap<string, number> = new Map(
  Object.entries({
    AUD: 150,
    BHD: 375,
    BRL: 550,
    CAD: 140,
    CHF: 100,
    CLP: 950,
    CNY: 700,
    CZK: 2_200,
    DKK: 700,
    EUR: 100,
    GBP: 100,
    HKD: 800,
    HUF: 36_000,
    IDR: 1_600_000,
    INR: 8_500,
    ISK: 140,
    JOD: 700,
    JPY: 150,
    KRW: 1_400,
    KWD: 300,
    MXN: 1_900,
    NOK: 1_000,
    NZD: 170,
    OMR: 385,
    PHP: 5_800,
    PLN: 400,
    SEK: 1_000,
    SGD: 135,
    THB: 3_500,
    TND: 3_100,
    TRY: 3_500,
    TWD: 3_200,
    USD: 100,
    VND: 25_000,
    XAF: 600,
    XOF: 600,
    XPF: 110,
    ZAR: 1_800,
  }),
);

/** Currencies that are not listed count as if they were dollars, which is strict rather than lax for most of them. */
export function referenceUnitMinor(currency: string): number {
  return REFERENCE_UNIT_MINOR.get(currency) ?? 100;
}

import type { EpochMs, HttpClient } from '#platform';
import { isObject, parseExactJson } from '../exact-json.js';
import { checkedSheet, unreadable } from '../rate-sheet.check.js';
import { RateSource, type SheetOutcome } from '../rate-source.port.js';
import { requestSheet } from '../sheet.request.js';

export const OPEN_EXCHANGE_RATES_URL = 'https://openexchangerates.org/api';

const HOUR_MS = 3_600_000;
const SECONDS = /^\d{1,11}$/;

export interface OpenExchangeRatesSettings {
  appId: string;
  /** `…/latest.json` lies below it. */
  baseUrl?: string;
  /** How old rates may be. */
  staleAfterMs?: number;
}

/** Open Exchange Rates, or whoever else answers in its shape: new rates every hour, for about 170 currencies. */
export class OpenExchangeRatesSource extends RateSource {
  readonly name = 'open-exchange-rates';
  /** The smallest plan allows a thousand requests a month, which is one an hour and a few. */
  readonly refreshAfterMs = HOUR_MS;
  private readonly url: string;
  private readonly headers: Record<string, string>;
  private readonly staleAfterMs: number;

  constructor(
    {
      appId,
      baseUrl = OPEN_EXCHANGE_RATES_URL,
      staleAfterMs = 3 * HOUR_MS,
    }: OpenExchangeRatesSettings,
    private readonly http: HttpClient,
  ) {
    super();
    this.url = `${baseUrl.replace(/\/+$/, '')}/latest.json`;
    // Not in the address, which ends up in logs.
    this.headers = { accept: 'application/json', authorization: `Token ${appId}` };
    this.staleAfterMs = staleAfterMs;
  }

  goodUntil(asOf: EpochMs): EpochMs {
    return asOf + this.staleAfterMs;
  }

  latest(signal: AbortSignal): Promise<SheetOutcome> {
    return requestSheet(this.http, { url: this.url, headers: this.headers }, signal, parseLatest);
  }
}

/** `{ timestamp, base, rates }`, and whatever else they say. */
export function parseLatest(body: string): SheetOutcome {
  const json = parseExactJson(body);
  if (!isObject(json)) return unreadable('no JSON object');
  const { timestamp, base, rates } = json;
  if (typeof timestamp !== 'string' || !SECONDS.test(timestamp)) return unreadable('the date');
  if (!isObject(rates)) return unreadable('no rates');
  return checkedSheet(base, Number(timestamp) * 1_000, Object.entries(rates));
}

import type { EpochMs, HttpClient } from '#platform';
import { RateSource, type SheetOutcome } from '../rate-source.port.js';
import { requestSheet } from '../sheet.request.js';
import { parseEcb } from './ecb.parser.js';
import { nextTargetDay } from './target-days.js';

export const ECB_DAILY_URL = 'https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml';

const MINUTE_MS = 60_000;
/** They are published at about 16:00 Frankfurt time; two hours and more later the next ones are missing. */
const EXPECTED_BY_MS = 18 * 60 * MINUTE_MS;

/** The reference rates of the European Central Bank: once on each TARGET day, for thirty currencies. */
export class EcbRateSource extends RateSource {
  readonly name = 'ecb';
  readonly refreshAfterMs = 15 * MINUTE_MS;

  constructor(
    private readonly http: HttpClient,
    private readonly url = ECB_DAILY_URL,
  ) {
    super();
  }

  /** Over weekends and holidays of the settlement system the last ones stay the newest. */
  goodUntil(asOf: EpochMs): EpochMs {
    return nextTargetDay(asOf) + EXPECTED_BY_MS;
  }

  latest(signal: AbortSignal): Promise<SheetOutcome> {
    const headers = { accept: 'application/xml' };
    return requestSheet(this.http, { url: this.url, headers }, signal, parseEcb);
  }
}

import type { EpochMs, HttpClient } from '#platform';
import { isObject, parseExactJson } from '../exact-json.js';
import { checkedSheet, unreadable } from '../rate-sheet.check.js';
import { RateSource, type SheetOutcome } from '../rate-source.port.js';
import { requestSheet } from '../sheet.request.js';

const HOUR_MS = 3_600_000;

/** A simulated source. Nothing of it is kept, so that its switches work at once. */
export class SandboxRateSource extends RateSource {
  readonly refreshAfterMs = 0;

  constructor(
    readonly name: string,
    private readonly url: string,
    private readonly http: HttpClient,
  ) {
    super();
  }

  goodUntil(asOf: EpochMs): EpochMs {
    return asOf + HOUR_MS;
  }

  latest(signal: AbortSignal): Promise<SheetOutcome> {
    return requestSheet(this.http, { url: this.url }, signal, parseSandboxSheet);
  }
}

/** `{ base, as_of, rates }`, with decimals as text. */
export function parseSandboxSheet(body: string): SheetOutcome {
  const json = parseExactJson(body);
  if (!isObject(json) || !isObject(json['rates'])) return unreadable('no rates');
  const asOf = typeof json['as_of'] === 'string' ? Date.parse(json['as_of']) : Number.NaN;
  return checkedSheet(json['base'], asOf, Object.entries(json['rates']));
}

import { describe, expect, it } from 'vitest';
import { HttpTransportError } from '#platform';
import { ScriptedHttp, describeRateSource } from '../rate-source.contract.js';
import { OpenExchangeRatesSource } from './index.js';

const APP_ID = 'app-id-of-nobody';

describeRateSource('open-exchange-rates', {
  create: (http) => new OpenExchangeRatesSource({ appId: APP_ID }, http),
  base: 'USD',
  asOf: 1_761_051_600_000,
  document: (asOf, rates) =>
    `{ "disclaimer": "Usage subject to terms: 1, \\"2\\"", "license": "…", "timestamp": ${asOf / 1_000},\n` +
    `"base": "USD", "rates": {${Object.entries(rates)
      .map(([currency, rate]) => `\n    "${currency}": ${rate}`)
      .join()} } }`,
});

describe('Open Exchange Rates', () => {
  const NEVER = new AbortController().signal;

  it('gets the key in a header, and not in an address that would be logged', async () => {
    const http = new ScriptedHttp(async () => ({ status: 200, headers: {}, body: '' }));
    const settings = { appId: APP_ID, baseUrl: 'https://rates.example/api/' };
    await new OpenExchangeRatesSource(settings, http).latest(NEVER);
    expect(http.requests).toMatchObject([
      {
        url: 'https://rates.example/api/latest.json',
        headers: { authorization: `Token ${APP_ID}` },
      },
    ]);
  });

  it('never has its key told, however the call fails', async () => {
    for (const error of [
      new Error(APP_ID),
      new HttpTransportError('sent', 'x', { cause: APP_ID }),
    ]) {
      const http = new ScriptedHttp(() => Promise.reject(error));
      const outcome = await new OpenExchangeRatesSource({ appId: APP_ID }, http).latest(NEVER);
      expect(JSON.stringify(outcome)).not.toContain(APP_ID);
    }
  });

  it('is too old after three hours, or after what the settings say', () => {
    const http = new ScriptedHttp(() => Promise.reject(new Error()));
    expect(new OpenExchangeRatesSource({ appId: APP_ID }, http).goodUntil(5)).toBe(10_800_005);
    const strict = new OpenExchangeRatesSource({ appId: APP_ID, staleAfterMs: 60_000 }, http);
    expect(strict.goodUntil(5)).toBe(60_005);
  });
});

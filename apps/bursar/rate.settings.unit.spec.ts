import { describe, expect, it } from 'vitest';
import { rateSettingsOf } from './rate.settings.js';

const SANDBOX = { stripe: null, adyen: null };
const REAL = { ...SANDBOX, stripe: { secretKey: 'sk', webhookSecrets: [] } };
const KEY = { OPEN_EXCHANGE_RATES_APP_ID: 'app-id' };

function read(env: NodeJS.ProcessEnv, processors = SANDBOX as typeof REAL | typeof SANDBOX) {
  const faults: string[] = [];
  return { ...rateSettingsOf(env, processors, faults), faults };
}

describe('the sources of rates', () => {
  it('are the sandbox’s for the sandbox’s processors', () => {
    expect(read({})).toMatchObject({ sources: ['sandbox'], faults: [], tolerancePpm: 20_000 });
  });

  it('are real ones for real accounts, and when there is a key', () => {
    expect(read({}, REAL)).toMatchObject({ sources: ['ecb'], faults: [] });
    const both = {
      sources: ['open-exchange-rates', 'ecb'],
      openExchangeRates: { appId: 'app-id' },
    };
    expect(read(KEY, REAL)).toMatchObject(both);
    expect(read(KEY)).toMatchObject(both);
  });

  it('are those that are named, in their order', () => {
    const BURSAR_RATE_SOURCES = 'ecb, open-exchange-rates';
    expect(read({ ...KEY, BURSAR_RATE_SOURCES }).sources).toEqual(['ecb', 'open-exchange-rates']);
  });

  it('are never the sandbox’s beside real accounts: made-up rates would price real money', () => {
    expect(read({ BURSAR_RATE_SOURCES: 'ecb,sandbox' }, REAL).faults).toHaveLength(1);
  });

  it.each<NodeJS.ProcessEnv>([
    { BURSAR_RATE_SOURCES: 'ecb,ecb' },
    { BURSAR_RATE_SOURCES: 'bank' },
    { BURSAR_RATE_SOURCES: 'open-exchange-rates' },
    { BURSAR_RATE_TOLERANCE_PPM: '1.5' },
    { BURSAR_RATE_TOLERANCE_PPM: '-1' },
    { ECB_RATES_URL: 'file:///rates.xml' },
    { OPEN_EXCHANGE_RATES_BASE_URL: 'nowhere' },
  ])('are refused as %j', (env) => {
    expect(read(env).faults).toHaveLength(1);
  });
});

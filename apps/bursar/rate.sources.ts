import type { HttpClient } from '#platform';
import type { RateSource } from '#rates';
import { EcbRateSource } from '#rates/ecb';
import { OpenExchangeRatesSource } from '#rates/open-exchange-rates';
import { discoverSandboxRates } from '#rates/sandbox';
import type { RateSettings } from './rate.settings.js';
import { InvalidSettingsError } from './settings.error.js';

/** Whom the settings name, in their order. `near`: to the sandbox. @throws InvalidSettingsError */
export async function openRateSources(
  { sources, ecbUrl, openExchangeRates }: RateSettings,
  sandboxUrl: string | null,
  { near, distant }: { near: HttpClient; distant: HttpClient },
): Promise<RateSource[]> {
  const opened: RateSource[] = [];
  for (const name of sources) {
    if (name === 'ecb') opened.push(new EcbRateSource(distant, ecbUrl ?? undefined));
    else if (name === 'sandbox') {
      if (sandboxUrl === null)
        throw new InvalidSettingsError(['BURSAR_RATE_SOURCES names the sandbox; there is none']);
      opened.push(...(await discoverSandboxRates(sandboxUrl, near)));
    } else if (openExchangeRates)
      opened.push(new OpenExchangeRatesSource(openExchangeRates, distant));
  }
  return opened;
}

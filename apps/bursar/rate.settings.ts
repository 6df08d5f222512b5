import type { OpenExchangeRatesSettings } from '#rates/open-exchange-rates';
import type { ProcessorSettings } from './processors/processor.settings.js';
import { secretOf } from './processors/secret.setting.js';

const SOURCES = ['ecb', 'open-exchange-rates', 'sandbox'] as const;
type Source = (typeof SOURCES)[number];

/** Who is asked for exchange rates. */
export interface RateSettings {
  /** In order of preference. */
  sources: readonly Source[];
  /** Null: the address of the bank itself. */
  ecbUrl: string | null;
  /** Null without a key. */
  openExchangeRates: OpenExchangeRatesSettings | null;
  /** How far, in millionths, sources may be apart. */
  tolerancePpm: number;
}

const TOLERANCE_PPM = 20_000;

/** Adds to `faults` what is wrong. */
export function rateSettingsOf(
  env: NodeJS.ProcessEnv,
  { stripe, adyen }: Pick<ProcessorSettings, 'stripe' | 'adyen'>,
  faults: string[],
): RateSettings {
  const appId = secretOf(env, 'OPEN_EXCHANGE_RATES_APP_ID', faults);
  const baseUrl = urlOf(env, 'OPEN_EXCHANGE_RATES_BASE_URL', faults);
  const openExchangeRates = appId === undefined ? null : { appId, ...(baseUrl && { baseUrl }) };
  const isReal = stripe !== null || adyen !== null;
  const real: Source[] = openExchangeRates ? ['open-exchange-rates', 'ecb'] : ['ecb'];
  const sources = namesOf(env, faults) ?? (isReal || openExchangeRates ? real : ['sandbox']);
  // Made-up rates must not price money that is real.
  if (isReal && sources.includes('sandbox'))
    faults.push('BURSAR_RATE_SOURCES must not name the sandbox beside accounts at real processors');
  if (sources.includes('open-exchange-rates') && !openExchangeRates)
    faults.push(
      'BURSAR_RATE_SOURCES names open-exchange-rates, but OPEN_EXCHANGE_RATES_APP_ID is not set',
    );
  return {
    ...{ sources, openExchangeRates, ecbUrl: urlOf(env, 'ECB_RATES_URL', faults) ?? null },
    tolerancePpm: toleranceOf(env, faults),
  };
}

function namesOf(env: NodeJS.ProcessEnv, faults: string[]): Source[] | undefined {
  const text = env['BURSAR_RATE_SOURCES']?.trim() ?? '';
  if (text === '') return undefined;
  const names = text.split(',').map((name) => name.trim());
  const known = names.flatMap((name) => SOURCES.find((each) => each === name) ?? []);
  if (known.length < names.length || new Set(known).size < known.length)
    faults.push(`BURSAR_RATE_SOURCES must be different ones of ${SOURCES.join(', ')}, by commas`);
  return known;
}

function toleranceOf(env: NodeJS.ProcessEnv, faults: string[]): number {
  const text = env['BURSAR_RATE_TOLERANCE_PPM'] ?? '';
  if (text === '') return TOLERANCE_PPM;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  faults.push(`BURSAR_RATE_TOLERANCE_PPM must be from 0 to 999999, not "${text}"`);
  return TOLERANCE_PPM;
}

function urlOf(env: NodeJS.ProcessEnv, name: string, faults: string[]): string | undefined {
  const text = env[name] || undefined;
  if (text !== undefined && !(/^https?:/.test(text) && URL.canParse(text)))
    faults.push(`${name} must be an address of http or https`);
  return text;
}

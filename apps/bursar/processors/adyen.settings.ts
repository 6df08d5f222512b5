import type { AdyenAccount } from '#processors/adyen';
import { orphansOf, secretOf, secretsOf } from './secret.setting.js';

export interface AdyenSettings extends Omit<AdyenAccount, 'name'> {
  hmacKeys: readonly string[];
}

/** Adyen demands an address for buyers to come back to, of every payment. */
export const RETURN_URL = 'https://bursar.dev/returned';

const WITH_KEY = [
  'ADYEN_MERCHANT_ACCOUNT',
  'ADYEN_HMAC_KEYS',
  'ADYEN_LIVE_URL_PREFIX',
  'ADYEN_BASE_URL',
  'ADYEN_REPORT_USER',
  'ADYEN_REPORT_PASSWORD',
  'ADYEN_REPORT_URL',
];

/** Null without a key. */
export function adyenSettingsOf(env: NodeJS.ProcessEnv, faults: string[]): AdyenSettings | null {
  const apiKey = secretOf(env, 'ADYEN_API_KEY', faults);
  if (apiKey === undefined) {
    faults.push(...orphansOf(env, WITH_KEY, 'ADYEN_API_KEY'));
    return null;
  }
  const { ADYEN_MERCHANT_ACCOUNT: merchantAccount = '' } = env;
  if (merchantAccount === '') faults.push('ADYEN_API_KEY needs ADYEN_MERCHANT_ACCOUNT');
  const hmacKeys = secretsOf(env, 'ADYEN_HMAC_KEYS', faults);
  if (hmacKeys.length === 0)
    faults.push(
      'ADYEN_API_KEY needs ADYEN_HMAC_KEYS: what Adyen carries out later it tells by webhook only',
    );
  const reports = reportsOf(env, faults);
  return {
    apiKey,
    merchantAccount,
    ...(reports && { reports }),
    baseUrl: baseUrlOf(env, faults),
    returnUrl: env['BURSAR_RETURN_URL'] || RETURN_URL,
    hmacKeys,
  };
}

/** Without a report user the books cannot be compared. */
function reportsOf(env: NodeJS.ProcessEnv, faults: string[]): AdyenAccount['reports'] {
  const { ADYEN_REPORT_USER: user, ADYEN_REPORT_URL: url, ADYEN_LIVE_URL_PREFIX: prefix } = env;
  const password = secretOf(env, 'ADYEN_REPORT_PASSWORD', faults);
  if (!user && !password) return undefined;
  if (!user || !password) {
    faults.push('ADYEN_REPORT_USER and ADYEN_REPORT_PASSWORD need each other');
    return undefined;
  }
  const environment = prefix ? 'live' : 'test';
  return { user, password, baseUrl: url || `https://ca-${environment}.adyen.com` };
}

/** The test environment, unless a live account's prefix or another address is given. */
function baseUrlOf(env: NodeJS.ProcessEnv, faults: string[]): string {
  const { ADYEN_BASE_URL: baseUrl, ADYEN_LIVE_URL_PREFIX: prefix } = env;
  if (baseUrl && prefix) faults.push('ADYEN_BASE_URL and ADYEN_LIVE_URL_PREFIX exclude each other');
  if (baseUrl) return baseUrl;
  if (!prefix) return 'https://checkout-test.adyen.com/v71';
  if (!/^[\da-z-]{1,60}$/i.test(prefix))
    faults.push('ADYEN_LIVE_URL_PREFIX must be like 1797a841fbb37ca7-AdyenDemo');
  return `https://${prefix}-checkout-live.adyenpayments.com/checkout/v71`;
}

import type { HttpClient } from '#platform';
import type { NoticeReader, Processor } from '#processors';
import { ADYEN_DOUBLE, type Double, STRIPE_DOUBLE } from '../../sandbox/doubles.js';
import { InvalidSettingsError } from '../settings.error.js';
import { type AdyenSettings, RETURN_URL } from './adyen.settings.js';
import type { ProcessorSettings } from './processor.settings.js';
import type { StripeSettings } from './stripe.settings.js';

/** What an account at a processor is here: who speaks to it, and who reads what it sends. */
export interface OpenAccount {
  processor: Processor;
  reader: NoticeReader | null;
}

/**
 * @param addressOf where a double of the sandbox is
 * @throws InvalidSettingsError for an account that could never work
 */
export async function openAccounts(
  settings: ProcessorSettings,
  addressOf: (double: Double) => Promise<string>,
  http: HttpClient,
): Promise<OpenAccount[]> {
  const isDouble = (name: Double) => settings.doubles.includes(name);
  const stripe = isDouble('stripe') ? stripeDouble(await addressOf('stripe')) : settings.stripe;
  const adyen = isDouble('adyen') ? adyenDouble(await addressOf('adyen')) : settings.adyen;
  return [
    ...(stripe ? [await openStripe(stripe, http)] : []),
    ...(adyen ? [await openAdyen(adyen, http)] : []),
  ];
}

// Each is loaded for those who have an account there only: a vendor's package is no small thing.

async function openStripe(
  { webhookSecrets: secrets, ...account }: StripeSettings,
  http: HttpClient,
): Promise<OpenAccount> {
  const { createStripeProcessor, createStripeNoticeReader } = await import('#processors/stripe');
  const name = 'stripe';
  return usable('STRIPE_…', () => ({
    processor: createStripeProcessor({ name, ...account }, http),
    reader: secrets.length > 0 ? createStripeNoticeReader({ name, secrets }) : null,
  }));
}

async function openAdyen(
  { hmacKeys, ...account }: AdyenSettings,
  http: HttpClient,
): Promise<OpenAccount> {
  const { createAdyenProcessor, AdyenNoticeReader } = await import('#processors/adyen');
  const name = 'adyen';
  const { merchantAccount } = account;
  return usable('ADYEN_…', () => ({
    processor: createAdyenProcessor({ name, ...account }, http),
    reader: new AdyenNoticeReader({ name, merchantAccount, hmacKeys }),
  }));
}

/** What connectors say of an account holds nothing of its secrets. */
function usable<T>(settings: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw new InvalidSettingsError([`${settings}: ${(error as Error).message}`]);
  }
}

const stripeDouble = (baseUrl: string): StripeSettings => ({
  secretKey: STRIPE_DOUBLE.secretKey,
  baseUrl,
  returnUrl: RETURN_URL,
  webhookSecrets: [STRIPE_DOUBLE.webhookSecret],
});

function adyenDouble(url: string): AdyenSettings {
  const { apiKey, merchantAccount, hmacKey, reportUser } = ADYEN_DOUBLE;
  const baseUrl = `${url}/v71`;
  const reports = { ...reportUser, baseUrl: url };
  return { apiKey, merchantAccount, baseUrl, returnUrl: RETURN_URL, hmacKeys: [hmacKey], reports };
}

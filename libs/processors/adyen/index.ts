import type { HttpClient } from '#platform';
import type { Processor } from '../processor.port.js';
import { AdyenConnector, type AdyenAccount } from './adyen.connector.js';

export type { AdyenAccount } from './adyen.connector.js';
export { AdyenNoticeReader, type AdyenWebhooks } from './adyen.notices.js';

/**
 * The connector to one Adyen merchant account.
 * @throws when the account cannot be one: an address that is none, or an empty name, key, or merchant account
 */
export function createAdyenProcessor(account: AdyenAccount, http: HttpClient): Processor {
  const { name, apiKey, merchantAccount, returnUrl } = account;
  for (const [field, value] of Object.entries({ name, apiKey, merchantAccount })) {
    if (!/^[\x21-\x7e]+$/.test(value)) throw new Error(`The Adyen account has no usable ${field}.`);
  }
  const baseUrl = account.baseUrl.replace(/\/+$/, '');
  if (!isPlainAddress(baseUrl)) throw new Error('The Adyen account has no usable baseUrl.');
  if (!URL.canParse(returnUrl)) throw new Error('The Adyen account has no usable returnUrl.');
  const reports = account.reports && {
    ...account.reports,
    baseUrl: account.reports.baseUrl.replace(/\/+$/, ''),
  };
  if (reports && !isPlainAddress(reports.baseUrl)) {
    throw new Error('The Adyen account has no usable address of its reports.');
  }
  return new AdyenConnector({ ...account, baseUrl, ...(reports && { reports }) }, http);
}

/** The path and nothing after it: requests are made by appending to it. */
function isPlainAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, search, hash, username } = new URL(address);
  return /^https?:$/.test(protocol) && `${search}${hash}${username}` === '';
}

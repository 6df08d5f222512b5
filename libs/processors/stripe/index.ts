import type { HttpClient } from '#platform';
import type { NoticeReader } from '../notice.port.js';
import type { Processor } from '../processor.port.js';
import type { StripeAccount } from './stripe.account.js';
import { StripeConnector } from './stripe.connector.js';
import { StripeNoticeReader, type StripeNoticeSettings } from './stripe.notices.js';

export type { StripeAccount } from './stripe.account.js';
export type { StripeNoticeSettings } from './stripe.notices.js';

/** The connector to one account at Stripe. Throws when the account could never work. */
export const createStripeProcessor = (account: StripeAccount, http: HttpClient): Processor =>
  new StripeConnector(account, http);

/** The reader of that account's webhooks. Throws when it has no secret. */
export const createStripeNoticeReader = (settings: StripeNoticeSettings): NoticeReader =>
  new StripeNoticeReader(settings);

/** What an installation knows of its account at Stripe. */
export interface StripeAccount {
  /** The name of the processor, in routes, attempts and the address of its webhooks. */
  name: string;
  /** `sk_…` or a restricted `rk_…`. */
  secretKey: string;
  /** Default `https://api.stripe.com`. A live key is only ever sent over https. */
  baseUrl?: string;
  /** Where the buyer comes back to after 3-D Secure. Without one a payment that asks for it is declined. */
  returnUrl?: string;
}

const DEFAULT_BASE_URL = 'https://api.stripe.com';

/** The account with every default filled in. Throws on one that could never work; the message never holds the key. */
export function checkedAccount(account: StripeAccount): StripeAccount & { baseUrl: string } {
  const { name, secretKey, baseUrl = DEFAULT_BASE_URL, returnUrl } = account;
  if (!/^(?:sk|rk)_(?:test|live)_[A-Za-z0-9_]{1,250}$/.test(secretKey)) {
    throw new Error(`The Stripe account ${name} has no usable secret key.`);
  }
  if (!isHttpUrl(baseUrl) || (returnUrl !== undefined && !isHttpUrl(returnUrl))) {
    throw new Error(`The Stripe account ${name} has an address that is not http or https.`);
  }
  if (secretKey.includes('_live_') && !baseUrl.startsWith('https:')) {
    throw new Error(`The Stripe account ${name} would send a live key without encryption.`);
  }
  return { ...account, baseUrl: baseUrl.replace(/\/+$/, '') };
}

const isHttpUrl = (text: string) =>
  URL.canParse(text) && ['https:', 'http:'].includes(new URL(text).protocol);

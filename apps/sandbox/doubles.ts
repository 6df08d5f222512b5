import type { SandboxOptions } from './sandbox.js';

/** The real processors that the sandbox has doubles of. */
export const DOUBLES = ['stripe', 'adyen'] as const;
export type Double = (typeof DOUBLES)[number];

/** The accounts at the doubles. Nothing here is secret, nor need be: behind it is no money. */
export const STRIPE_DOUBLE = {
  secretKey: 'sk_test_sandbox',
  webhookSecret: 'whsec_sandbox_of_bursar',
} as const;
export const ADYEN_DOUBLE = {
  apiKey: 'sandbox',
  merchantAccount: 'BursarSandbox',
  hmacKey: '53616e64626f782053616e64626f782053616e64626f7820',
  reportUser: { user: 'report', password: 'sandbox' },
} as const;

/** What starts these doubles, which send their webhooks to the Bursar whose address is `gatewayUrl`. */
export function doublesOptions(
  doubles: readonly Double[],
  gatewayUrl: string,
): Pick<SandboxOptions, 'stripe' | 'adyen'> {
  const urlOf = (double: Double) => `${gatewayUrl.replace(/\/+$/, '')}/webhooks/${double}`;
  const { webhookSecret: secret } = STRIPE_DOUBLE;
  const { hmacKey, ...account } = ADYEN_DOUBLE;
  return {
    ...(doubles.includes('stripe') && { stripe: { webhooks: { url: urlOf('stripe'), secret } } }),
    ...(doubles.includes('adyen') && {
      adyen: { ...account, webhooks: { url: urlOf('adyen'), hmacKey } },
    }),
  };
}

/** `stripe,adyen`; undefined for what is none of them, or one of them twice. */
export function parseDoubles(text: string): Double[] | undefined {
  const names = text.split(',').map((name) => name.trim());
  const known = DOUBLES.filter((double) => names.includes(double));
  return text.trim() === '' ? [] : known.length === names.length ? known : undefined;
}

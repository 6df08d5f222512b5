import type { StripeAccount } from '#processors/stripe';
import { orphansOf, secretOf, secretsOf } from './secret.setting.js';

export interface StripeSettings extends Omit<StripeAccount, 'name'> {
  /** Empty: no webhooks are taken. */
  webhookSecrets: readonly string[];
}

/** Null without a key. */
export function stripeSettingsOf(env: NodeJS.ProcessEnv, faults: string[]): StripeSettings | null {
  const secretKey = secretOf(env, 'STRIPE_SECRET_KEY', faults);
  if (secretKey === undefined) {
    faults.push(
      ...orphansOf(env, ['STRIPE_WEBHOOK_SECRETS', 'STRIPE_BASE_URL'], 'STRIPE_SECRET_KEY'),
    );
    return null;
  }
  const { STRIPE_BASE_URL: baseUrl, BURSAR_RETURN_URL: returnUrl } = env;
  return {
    secretKey,
    ...(baseUrl && { baseUrl }),
    ...(returnUrl && { returnUrl }),
    webhookSecrets: secretsOf(env, 'STRIPE_WEBHOOK_SECRETS', faults),
  };
}

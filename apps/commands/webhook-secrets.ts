import { Injectable } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { InstanceKeys } from './instance-keys.js';

export interface WebhookText {
  /** `evt_…` */
  event: string;
  /** Unix seconds. */
  timestamp: number;
  body: string;
}

/** Signs events for their receivers, by the Standard Webhooks specification. Secrets are derived when they are needed and kept nowhere. */
@Injectable()
export class WebhookSecrets {
  constructor(private readonly keys: InstanceKeys) {}

  /** `secrets`: what they derive from. The value of `webhook-signature`: one signature of each, after blanks. */
  sign(secrets: readonly string[], { event, timestamp, body }: WebhookText): string {
    const at = new Date(timestamp * 1_000);
    return secrets
      .map((id) => new Webhook(this.keys.webhookSecret(id)).sign(event, at, body))
      .join(' ');
  }

  /** Stands in a recorded answer where the secret was shown. */
  placeOf(id: string): string {
    return `{{webhook-secret:${id}}}`;
  }

  /** Shows one secret and no other, whatever a caller wrote into its request. */
  fillIn(body: string, id: string): string {
    return body.replaceAll(this.placeOf(id), this.keys.webhookSecret(id));
  }
}

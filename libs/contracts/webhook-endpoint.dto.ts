import { Field, IsId, IsText } from './fields.js';

export const WEBHOOK_ENDPOINTS_PATH = '/v1/webhook_endpoints';

const URL_MAX = 2_048;
/** Printable ASCII without blanks: what else an address may be written with has a form in it. */
const ADDRESS = /^https?:\/\/[\x21-\x7e]+$/i;

/** An address that HTTP can be spoken to, without anything in it that is not sent, or that is a secret. */
function isWebhookUrl(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > URL_MAX || !ADDRESS.test(value)) return false;
  if (!URL.canParse(value) || value.includes('#')) return false;
  const { username, password, hostname } = new URL(value);
  return username === '' && password === '' && hostname !== '' && !authorityOf(value).includes('@');
}

function authorityOf(url: string): string {
  return /^https?:\/\/([^/?]*)/i.exec(url)?.[1] ?? '';
}

/** Somewhere to send events to. */
export class WebhookEndpointRequest {
  @Field(
    [
      {
        rule: 'url',
        detail: `must be an http or https address of at most ${URL_MAX} characters, without credentials and without a fragment`,
        passes: isWebhookUrl,
      },
    ],
    {
      type: 'string',
      format: 'uri',
      maxLength: URL_MAX,
      example: 'https://reports.example/bursar',
    },
  )
  url!: string;

  /** For people. */
  @IsText({ max: 200, optional: true })
  description?: string;
}

/** An event that is to be sent once more. */
export class ResendRequest {
  @IsId({ prefix: 'evt' })
  event!: string;
}

/** The secret is shown in this answer and in its repeats under the same idempotency key, nowhere else. */
export class WebhookSecretResource {
  object!: 'webhook_endpoint';
  id!: string;
  /** `whsec_…` and base64. */
  secret!: string;
  /** After a rotation: until when the secret before signs as well. */
  previous_secret_expires_at!: string | null;
}

export class WebhookEndpointResource {
  object!: 'webhook_endpoint';
  id!: string;
  url!: string;
  description!: string | null;
  /** Whose payments it hears of; null: those of the whole tenant. */
  agent!: string | null;
  status!: 'enabled' | 'disabled';
  /** `failing`: nothing arrived for three days; `gone`: the receiver answered 410. */
  disabled_reason!: 'requested' | 'failing' | 'gone' | null;
  /** Since when nothing arrived. */
  failing_since!: string | null;
  /** Events that are to be tried again. */
  open_deliveries!: number;
  previous_secret_expires_at!: string | null;
  created_at!: string;
}

export class WebhookStatusResource {
  object!: 'webhook_endpoint';
  id!: string;
  status!: 'enabled' | 'disabled' | 'deleted';
}

export class WebhookResendResource {
  object!: 'webhook_resend';
  endpoint!: string;
  event!: string;
}

/** One try to deliver one event. */
export class WebhookDeliveryResource {
  object!: 'webhook_delivery';
  event!: string;
  attempt!: number;
  at!: string;
  outcome!: 'delivered' | 'failed' | 'abandoned';
  /** Of HTTP; null when there was no answer. */
  status!: number | null;
  /** Why there was none, in a word. */
  error!: string | null;
  duration_ms!: number;
  next_attempt_at!: string | null;
}

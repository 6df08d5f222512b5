import { createHmac } from 'node:crypto';
import type { Clock, Timers } from '#platform';
import { fieldsOf, Refusal } from '../json-http.js';
import { WebhookSender } from '../webhook.sender.js';
import type { StripeBooks } from './stripe.books.js';

/** Where events are sent. */
export interface StripeWebhookSettings {
  url: string;
  /** The endpoint's signing secret, `whsec_…`. */
  secret: string;
  /** Every event is delivered two times. */
  twice?: boolean;
  /** Events that happen shortly after each other arrive in the reverse order. */
  outOfOrder?: boolean;
}

interface Event {
  id: string;
  body: string;
}

/** How long an event waits for others that it may change places with. */
const SHUFFLED_WITHIN_MS = 50;

/** Signed events, as Stripe's: repeated until they are taken, in no promised order, now and then more than once. */
export class StripeWebhooks {
  private settings: StripeWebhookSettings | undefined;
  private readonly sender: WebhookSender;
  private readonly waiting: Event[] = [];
  private cancelFlush: (() => void) | undefined;
  private cancelChange: (() => void) | undefined;
  private books: Pick<StripeBooks, 'nextChangeInMs' | 'catchUp'> | undefined;

  constructor(
    private readonly options: { clock: Clock; timers: Timers; newId: (prefix: string) => string },
  ) {
    this.sender = new WebhookSender(options.timers);
  }

  /** Lets what time changes in the books become events when it does, and not when somebody looks. */
  follow(books: Pick<StripeBooks, 'nextChangeInMs' | 'catchUp'>): void {
    this.books = books;
  }

  configure(settings: StripeWebhookSettings | undefined): void {
    this.settings = settings;
    this.waitForChange();
  }

  describe() {
    const { url = null, twice = false, outOfOrder = false } = this.settings ?? {};
    return { url, twice, out_of_order: outOfOrder };
  }

  emit(type: string, object: unknown): void {
    if (!this.settings) return;
    const created = Math.floor(this.options.clock.now() / 1_000);
    const id = this.options.newId('evt');
    const event = {
      id,
      object: 'event',
      api_version: '2026-10-28.endive',
      created,
      data: { object },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    };
    this.send({ id, body: JSON.stringify(event, null, 2) });
    this.waitForChange();
  }

  stop(): void {
    this.settings = undefined;
    this.cancelFlush?.();
    this.cancelChange?.();
    this.sender.stop();
  }

  private send(event: Event): void {
    this.waiting.push(event);
    if (!this.settings?.outOfOrder) return this.flush();
    this.cancelFlush ??= this.options.timers.after(SHUFFLED_WITHIN_MS, () => this.flush());
  }

  private flush(): void {
    this.cancelFlush = undefined;
    const events = this.waiting.splice(0);
    if (this.settings?.outOfOrder) events.reverse();
    for (const event of events) this.deliver(event);
  }

  private deliver({ body }: Event): void {
    const { settings } = this;
    if (!settings) return;
    for (let copies = settings.twice ? 2 : 1; copies > 0; copies -= 1) {
      this.sender.send(settings.url, () => ({
        body,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': this.signatureOf(body, settings.secret),
        },
      }));
    }
  }

  /** Made anew for every delivery: a repetition is as fresh as a first one. */
  private signatureOf(body: string, secret: string): string {
    const time = Math.floor(this.options.clock.now() / 1_000);
    const v1 = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
    return `t=${time},v1=${v1}`;
  }

  private waitForChange(): void {
    this.cancelChange?.();
    this.cancelChange = undefined;
    const inMs = this.settings ? this.books?.nextChangeInMs() : undefined;
    if (inMs === undefined) return;
    this.cancelChange = this.options.timers.after(inMs, () => {
      this.books?.catchUp();
      this.waitForChange();
    });
  }
}

/** Reads `{ url, secret, twice = false, out_of_order = false }`; `url: null` stops the deliveries. */
export function parseWebhookSettings(body: unknown): StripeWebhookSettings | undefined {
  const fields = fieldsOf(body, ['url', 'secret', 'twice', 'out_of_order']);
  const { url, secret, twice = false, out_of_order: outOfOrder = false } = fields;
  if (url === null) return undefined;
  const isHttp = typeof url === 'string' && /^https?:/.test(url) && URL.canParse(url);
  if (!isHttp || typeof secret !== 'string' || secret.length < 16) {
    const message = 'url is an http or https address, or null; secret has 16 characters or more.';
    throw new Refusal(400, 'validation_failed', message);
  }
  if (typeof twice !== 'boolean' || typeof outOfOrder !== 'boolean') {
    throw new Refusal(400, 'validation_failed', 'twice and out_of_order are true or false.');
  }
  return { url, secret, twice, outOfOrder };
}

import { createHmac } from 'node:crypto';
import type { Clock, Timers } from '#platform';
import type { AdyenSwitches } from './adyen.switches.js';
import type { WebhookPost } from './webhook.post.js';

/** Where notifications go, and how they are signed. */
export interface AdyenWebhookTarget {
  url: string;
  /** In hex. */
  hmacKey: string;
  basicAuth?: { username: string; password: string };
}

export interface AdyenEvent {
  eventCode: string;
  success: boolean;
  pspReference: string;
  originalReference?: string;
  merchantReference: string;
  amount: { value: number; currency: string };
  reason?: string;
}

const MINUTE_MS = 60_000;
/** Three quick tries, and then ever more slowly. */
const RETRY_AFTER_MS: readonly number[] = [
  0,
  0,
  ...[2, 5, 10, 15, 30, 60, 120, 240, 480].map((minutes) => minutes * MINUTE_MS),
];

interface Parts {
  target: AdyenWebhookTarget | undefined;
  merchantAccount: string;
  delayMs: number;
  clock: Clock;
  timers: Timers;
  post: WebhookPost;
  switches: () => AdyenSwitches;
}

/** Sends standard webhooks: after a delay, one item each, again until somebody takes them. */
export class AdyenWebhookQueue {
  private readonly waiting = new Set<() => void>();
  /** Held back, to be sent in the wrong order. */
  private heldBack: string[] = [];
  /** Sent when the switch is turned back. */
  private untaken: string[] = [];

  constructor(private readonly parts: Parts) {}

  add(event: AdyenEvent): void {
    const { target, delayMs, switches } = this.parts;
    if (!target || switches().webhooksLost) return;
    const body = this.bodyOf(event, target);
    if (!switches().webhooksReversed) {
      this.after(delayMs, () => this.sendRepeatedly(body));
      return;
    }
    if (this.heldBack.length === 0) this.after(2 * delayMs, () => this.sendReversed());
    this.heldBack.push(body);
  }

  /** To be called when a switch was turned. */
  switched(): void {
    if (this.parts.switches().webhooksHeld) return;
    for (const body of this.untaken.splice(0)) this.sendRepeatedly(body);
  }

  stop(): void {
    for (const cancel of this.waiting) cancel();
    this.waiting.clear();
  }

  private sendReversed(): void {
    for (const body of this.heldBack.splice(0).reverse()) this.sendRepeatedly(body);
  }

  private sendRepeatedly(body: string): void {
    if (this.parts.switches().webhooksHeld) {
      this.untaken.push(body);
      return;
    }
    const times = 1 + this.parts.switches().webhooksRepeated;
    for (let time = 0; time < times; time += 1) void this.send(body, 0);
  }

  private async send(body: string, failures: number): Promise<void> {
    const { target, post } = this.parts;
    if (!target || (await post(target.url, body, headersOf(target)))) return;
    const retryMs = RETRY_AFTER_MS[failures];
    if (retryMs !== undefined) this.after(retryMs, () => void this.send(body, failures + 1));
  }

  private after(delayMs: number, fire: () => void): void {
    const cancel = this.parts.timers.after(delayMs, () => {
      this.waiting.delete(cancel);
      fire();
    });
    this.waiting.add(cancel);
  }

  private bodyOf(event: AdyenEvent, { hmacKey }: AdyenWebhookTarget): string {
    const { eventCode, pspReference, originalReference, merchantReference, amount } = event;
    const { merchantAccount: merchantAccountCode, clock } = this.parts;
    const success = String(event.success);
    const signed = [
      pspReference,
      originalReference ?? '',
      merchantAccountCode,
      merchantReference,
      amount.value,
      amount.currency,
      eventCode,
      success,
    ].join(':');
    const hmacSignature = createHmac('sha256', Buffer.from(hmacKey, 'hex'))
      .update(signed)
      .digest('base64');
    const item = {
      additionalData: { hmacSignature },
      amount,
      eventCode,
      eventDate: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, '+00:00'),
      merchantAccountCode,
      merchantReference,
      ...(originalReference !== undefined && { originalReference }),
      paymentMethod: 'visa',
      pspReference,
      reason: event.reason ?? '',
      success,
    };
    return JSON.stringify({
      live: 'false',
      notificationItems: [{ NotificationRequestItem: item }],
    });
  }
}

function headersOf({ basicAuth }: AdyenWebhookTarget): Record<string, string> {
  const credentials = basicAuth && `${basicAuth.username}:${basicAuth.password}`;
  return {
    'content-type': 'application/json',
    ...(credentials !== undefined && {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    }),
  };
}

import { type Clock, type HttpClient, HttpTransportError, type Timers } from '#platform';
import {
  type WebhookTargetFault,
  type WebhookTargetRules,
  webhookTargetFault,
} from './webhook.target.js';

/** An event on its way to a receiver, by the Standard Webhooks specification. */
export interface SignedWebhook {
  url: string;
  /** `evt_…`, the same however often it is sent. */
  id: string;
  /** Unix seconds. */
  timestamp: number;
  /** `v1,…`, several ones after blanks. */
  signature: string;
  body: string;
}

/** `status`: of HTTP; null when there was no answer, and then `evidence` says why. */
export interface WebhookOutcome {
  status: number | null;
  evidence: string | null;
  durationMs: number;
}

/** From the first look-up to the last byte that is read of the answer. */
const TIMEOUT_MS = 10_000;

/** Sends events to receivers that others named. Follows no redirect: whoever answers with one did not take the event. */
export class WebhookSender {
  /** `http` must look at every address that it connects to. */
  constructor(
    private readonly http: HttpClient,
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly rules: WebhookTargetRules,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {}

  /** What is wrong with an address as it is written; null for nothing. */
  check(url: string): WebhookTargetFault | null {
    return webhookTargetFault(url, this.rules);
  }

  /** Once. Never rejects. */
  async send(webhook: SignedWebhook): Promise<WebhookOutcome> {
    // The rules may have become stricter since the address was registered.
    const fault = this.check(webhook.url);
    if (fault) return { status: null, evidence: `${fault.rule}_not_allowed`, durationMs: 0 };
    const startedMs = this.clock.monotonicMs();
    const answer = await this.ask(webhook);
    const durationMs = Math.round(this.clock.monotonicMs() - startedMs);
    return { ...answer, durationMs };
  }

  private async ask({
    url,
    id,
    timestamp,
    signature,
    body,
  }: SignedWebhook): Promise<Omit<WebhookOutcome, 'durationMs'>> {
    const limit = new AbortController();
    let isOver = false;
    const cancel = this.timers.after(this.timeoutMs, () => {
      isOver = true;
      limit.abort();
    });
    try {
      const { status } = await this.http.request({
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Bursar-Webhooks/1',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': signature,
        },
        body,
        signal: limit.signal,
      });
      return { status, evidence: null };
    } catch (error) {
      const evidence = error instanceof HttpTransportError ? error.evidence : 'transport_failed';
      return { status: null, evidence: isOver ? 'timeout' : evidence };
    } finally {
      cancel();
    }
  }
}

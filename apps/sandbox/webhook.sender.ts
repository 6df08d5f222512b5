import { request as httpRequest, type ClientRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Timers } from '#platform';

export interface WebhookDelivery {
  headers: Record<string, string>;
  body: string;
}

const RETRY_AFTER_MS = 500;
const RETRIES_MAX = 8;
const TIMEOUT_MS = 10_000;

/** Posts to an address until it answers 2xx, one first try after the other, and gives up after a few minutes. */
export class WebhookSender {
  private readonly open = new Set<ClientRequest>();
  private readonly waits = new Set<() => void>();
  private previous: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(private readonly timers: Timers) {}

  /** `make` is called for every try. */
  send(url: string, make: () => WebhookDelivery): void {
    this.previous = this.previous.then(() => this.attempt(url, make, 0));
  }

  stop(): void {
    this.stopped = true;
    for (const cancel of this.waits) cancel();
    for (const request of this.open) request.destroy();
  }

  private async attempt(url: string, make: () => WebhookDelivery, retries: number): Promise<void> {
    if (this.stopped || (await this.post(url, make())) || retries === RETRIES_MAX) return;
    if (this.stopped) return;
    const cancel = this.timers.after(RETRY_AFTER_MS * 2 ** retries, () => {
      this.waits.delete(cancel);
      void this.attempt(url, make, retries + 1);
    });
    this.waits.add(cancel);
  }

  /** Whether it was taken. */
  private post(url: string, { headers, body }: WebhookDelivery): Promise<boolean> {
    return new Promise((resolve) => {
      const send = url.startsWith('https:') ? httpsRequest : httpRequest;
      const request = send(url, { method: 'POST', headers, timeout: TIMEOUT_MS }, (response) => {
        const { statusCode = 0 } = response;
        response.resume();
        resolve(statusCode >= 200 && statusCode < 300);
      });
      this.open.add(request);
      request.on('timeout', () => request.destroy());
      request.on('error', () => resolve(false));
      request.on('close', () => {
        this.open.delete(request);
        resolve(false);
      });
      request.end(body);
    });
  }
}

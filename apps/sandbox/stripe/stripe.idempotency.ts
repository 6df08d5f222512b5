import type { Clock } from '#platform';
import type { Answer } from '../json-http.js';
import { StripeRefusal } from './stripe.refusal.js';

interface Entry {
  fingerprint: string;
  beganAtMs: number;
  answer: Answer | undefined;
}

/** Stripe prunes keys once they are at least this old. */
const KEPT_FOR_MS = 24 * 60 * 60 * 1_000;

/**
 * Stripe's keys, https://docs.stripe.com/api/idempotent_requests: once execution began, whatever was answered is stored and
 * replayed for a day, failures and 500s included. What was refused before leaves its key unused.
 */
export class StripeIdempotency {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly clock: Clock) {}

  /** The stored answer, or `undefined` when the caller is the first and must end with `finish` or `abandon`. */
  begin(key: string, fingerprint: string): Answer | undefined {
    this.prune();
    const entry = this.entries.get(key);
    if (!entry) {
      const beganAtMs = this.clock.monotonicMs();
      this.entries.set(key, { fingerprint, beganAtMs, answer: undefined });
      return undefined;
    }
    if (entry.fingerprint !== fingerprint) throw otherParameters(key);
    if (!entry.answer) throw inUse(key);
    const { headers, ...stored } = entry.answer;
    return { ...stored, headers: { ...headers, 'idempotent-replayed': 'true' } };
  }

  finish(key: string, answer: Answer): void {
    const entry = this.entries.get(key);
    if (entry) entry.answer = answer;
  }

  abandon(key: string): void {
    this.entries.delete(key);
  }

  /** Entries lie in the order in which they began. */
  private prune(): void {
    const oldestMs = this.clock.monotonicMs() - KEPT_FOR_MS;
    for (const [key, { beganAtMs, answer }] of this.entries) {
      if (beganAtMs > oldestMs) return;
      if (answer) this.entries.delete(key);
    }
  }
}

const otherParameters = (key: string) =>
  new StripeRefusal(
    400,
    {
      type: 'idempotency_error',
      message: `The parameters differ from those of the first request under the key ${key}.`,
    },
    true,
  );

const inUse = (key: string) =>
  new StripeRefusal(
    409,
    {
      type: 'idempotency_error',
      code: 'idempotency_key_in_use',
      message: `The first request under the key ${key} is still running.`,
    },
    true,
  );

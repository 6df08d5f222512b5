import { type Clock, type EpochMs, type Timers } from '#platform';
import type { RateSheet, RateSource, SheetFault, SheetOutcome } from './rate-source.port.js';

/** After a failure the source is left alone this long, unless nothing of it is kept. */
const RETRY_AFTER_MS = 5_000;

export interface KeptSheet {
  sheet: RateSheet;
  fetchedAt: EpochMs;
}

export type CachedOutcome =
  { ok: true; kept: KeptSheet } | { ok: false; fault: SheetFault; detail: string };

/**
 * The newest sheet of one source: asked for by one of those who need it, limited in time, and kept while it is new. When no newer
 * one comes, the old one stands in: whether it is too old already is for others to judge.
 */
export class SheetCache {
  private kept: KeptSheet | null = null;
  private failure: { fault: SheetFault; detail: string } | null = null;
  private askAgainAtMs = 0;
  private asking: Promise<void> | null = null;

  constructor(
    readonly source: RateSource,
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly timeoutMs: number,
  ) {}

  /** Does not reject. */
  async newest(): Promise<CachedOutcome> {
    const isDue = this.source.refreshAfterMs === 0 || this.clock.monotonicMs() >= this.askAgainAtMs;
    if (isDue) await (this.asking ??= this.ask().finally(() => (this.asking = null)));
    if (this.kept) return { ok: true, kept: this.kept };
    const { fault, detail } = this.failure ?? NEVER_ASKED;
    return { ok: false, fault, detail };
  }

  private async ask(): Promise<void> {
    const { refreshAfterMs } = this.source;
    const outcome = await this.limited();
    const now = this.clock.monotonicMs();
    if (outcome.ok) {
      this.kept = { sheet: outcome.sheet, fetchedAt: this.clock.now() };
      this.failure = null;
      this.askAgainAtMs = now + refreshAfterMs;
      return;
    }
    if (refreshAfterMs === 0) this.kept = null;
    this.failure = outcome;
    this.askAgainAtMs = now + RETRY_AFTER_MS;
  }

  private async limited(): Promise<SheetOutcome> {
    const controller = new AbortController();
    let cancel = (): void => undefined;
    const limit = new Promise<SheetOutcome>((resolve) => {
      cancel = this.timers.after(this.timeoutMs, () => {
        resolve({ ok: false, fault: 'timeout', detail: `no answer within ${this.timeoutMs} ms` });
        controller.abort();
      });
    });
    try {
      return await Promise.race([limit, this.source.latest(controller.signal)]);
    } catch {
      return { ok: false, fault: 'provider_failed', detail: 'the provider failed' };
    } finally {
      cancel();
    }
  }
}

const NEVER_ASKED = { fault: 'provider_failed', detail: 'never asked' } as const;

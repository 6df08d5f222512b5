import {
  type NoOpinion,
  type NoOpinionReason,
  type NoRate,
  type NoRateReason,
  type RateEvidence,
  type RateOpinion,
  apartPpm,
  crossRate,
  toRfc3339,
} from '#domain';
import type { Clock, EpochMs, Timers } from '#platform';
import type { RateSheet, RateSource } from './rate-source.port.js';
import { type KeptSheet, SheetCache } from './sheet.cache.js';

export interface RateBoardOptions {
  /** How long a source may take. */
  timeoutMs?: number;
  /** How far, in millionths, the others may be away from the first. */
  tolerancePpm?: number;
  /** How many sources must have a say. */
  sourcesNeeded?: number;
}

export type RateFinding = { ok: true; rate: RateEvidence } | ({ ok: false } & NoRate);

/** What a clock that is a little ahead of ours may make of now. */
const SKEW_MS = 5 * 60_000;

/**
 * What is known about exchange rates: every source is asked, those that are too old have no say, and those that have one must agree.
 * The rate is that of the first, in the order they are given; there is never one that somebody fresh contradicts.
 */
export class RateBoard {
  private readonly caches: readonly SheetCache[];
  private readonly tolerancePpm: number;
  private readonly sourcesNeeded: number;

  constructor(
    sources: readonly RateSource[],
    private readonly clock: Clock,
    timers: Timers,
    { timeoutMs = 2_000, tolerancePpm = 20_000, sourcesNeeded = 1 }: RateBoardOptions = {},
  ) {
    this.caches = sources.map((source) => new SheetCache(source, clock, timers, timeoutMs));
    this.tolerancePpm = tolerancePpm;
    this.sourcesNeeded = sourcesNeeded;
  }

  /** What one of `from` is worth in `to`. Does not reject. */
  async find(from: string, to: string): Promise<RateFinding> {
    if (from === to) return { ok: true, rate: this.sameCurrency(from) };
    const said = await Promise.all(this.caches.map((cache) => this.ask(cache, from, to)));
    const opinions = said.filter((each) => 'rate' in each);
    const noOpinions = said.filter((each): each is NoOpinion => !('rate' in each));
    const no = (reason: NoRateReason) => ({ ok: false, reason, opinions, noOpinions }) as const;
    const [first, ...others] = opinions;
    if (!first) return no(isNowhereCovered(noOpinions) ? 'currency_not_covered' : 'no_rate');
    if (opinions.length < this.sourcesNeeded) return no('too_few_sources');
    if (others.some((other) => !this.agree(first, other))) return no('sources_disagree');
    const { tolerancePpm } = this;
    const { rate, source, asOf } = first;
    const evidence = { from, to, rate, source, asOf, opinions, noOpinions, tolerancePpm };
    return { ok: true, rate: evidence };
  }

  private async ask(cache: SheetCache, from: string, to: string): Promise<RateOpinion | NoOpinion> {
    const { source } = cache;
    const newest = await cache.newest();
    const none = (reason: NoOpinionReason, detail: string): NoOpinion => ({
      ...{ source: source.name, reason, detail },
    });
    if (!newest.ok) return none(newest.fault, newest.detail);
    const { sheet } = newest.kept;
    const [now, goodUntil] = [this.clock.now(), source.goodUntil(sheet.asOf)];
    if (sheet.asOf > now + SKEW_MS)
      return none('from_the_future', `as of ${toRfc3339(sheet.asOf)}`);
    if (now >= goodUntil) return none('stale', `as of ${toRfc3339(sheet.asOf)}`);
    const opinion = opinionOf(source.name, newest.kept, goodUntil, from, to);
    return opinion ?? none('currency_not_covered', `${from} or ${to} is not among its rates`);
  }

  private agree(first: RateOpinion, other: RateOpinion): boolean {
    const apart = apartPpm(first.rate, other.rate);
    return apart !== undefined && apart <= this.tolerancePpm;
  }

  private sameCurrency(currency: string): RateEvidence {
    const { tolerancePpm } = this;
    return {
      ...{ from: currency, to: currency, rate: '1', source: 'none' },
      ...{ asOf: toRfc3339(this.clock.now()), opinions: [], noOpinions: [], tolerancePpm },
    };
  }
}

function opinionOf(
  source: string,
  { sheet, fetchedAt }: KeptSheet,
  goodUntil: EpochMs,
  from: string,
  to: string,
): RateOpinion | undefined {
  const legs = { from: legOf(sheet, from), to: legOf(sheet, to) };
  if (legs.from === undefined || legs.to === undefined) return undefined;
  const rate = crossRate(legs.from, legs.to);
  if (rate === undefined) return undefined;
  return {
    ...{ source, rate, base: sheet.base, legs: { from: legs.from, to: legs.to } },
    asOf: toRfc3339(sheet.asOf),
    fetchedAt: toRfc3339(fetchedAt),
    goodUntil: toRfc3339(goodUntil),
  };
}

function legOf({ base, rates }: RateSheet, currency: string): string | undefined {
  return currency === base ? '1' : rates.get(currency);
}

function isNowhereCovered(said: readonly NoOpinion[]): boolean {
  return said.length > 0 && said.every(({ reason }) => reason === 'currency_not_covered');
}

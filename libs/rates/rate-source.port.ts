import type { NoOpinionReason } from '#domain';
import type { EpochMs } from '#platform';

/** What one unit of `base` is worth, as of one instant. */
export interface RateSheet {
  base: string;
  asOf: EpochMs;
  /** Decimals by currency; positive, supported currencies only, and not the base. */
  rates: ReadonlyMap<string, string>;
}

export type SheetFault = Extract<
  NoOpinionReason,
  'unreachable' | 'refused' | 'unreadable' | 'timeout' | 'provider_failed'
>;

export type SheetOutcome =
  { ok: true; sheet: RateSheet } | { ok: false; fault: SheetFault; detail: string };

/** Somebody who publishes exchange rates. Only ever asked by `RateBoard`, which decides what a sheet is good for. */
export abstract class RateSource {
  abstract readonly name: string;
  /** How long a sheet is used before a newer one is asked for. 0: it is asked each time, and nothing is kept. */
  abstract readonly refreshAfterMs: number;
  /** Until when rates of this instant may be used: how old they may be is for each source to say. */
  abstract goodUntil(asOf: EpochMs): EpochMs;
  /** Does not reject, whatever comes. `signal` aborts when the time limit has passed. */
  abstract latest(signal: AbortSignal): Promise<SheetOutcome>;
}

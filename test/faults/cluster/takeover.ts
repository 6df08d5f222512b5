import { percentile } from '../../support/load.js';
import type { Journey } from './buyers.js';

/** A time in which something was broken. */
export interface Outage {
  /** `commands-2`, `nats from sagas-1`. */
  readonly name: string;
  readonly brokenMs: number;
  readonly wholeMs: number;
}

/**
 * The time to take over, as whoever was hit the hardest saw it: the longest that a purchase which was open when something broke, or
 * was begun while it was broken, took to conclude, from the break or from its beginning. It contains what a purchase takes anyway.
 */
export function takeoverMs({ brokenMs, wholeMs }: Outage, journeys: readonly Journey[]): number {
  const waits = journeys
    .filter((each) => wasHit(each, brokenMs, wholeMs))
    .map(({ begunMs, concludedMs }) => (concludedMs ?? Infinity) - Math.max(begunMs, brokenMs));
  return Math.max(0, ...waits);
}

/** What is to be known about outages that are over. */
export function figuresOf(outages: readonly Outage[], journeys: readonly Journey[]): string[] {
  const tries = journeys.reduce((sum, each) => sum + each.tries, 0);
  const took = (own: readonly Outage[]) =>
    percentiles(own.map((outage) => takeoverMs(outage, journeys)));
  const ofKind = (kind: string) => outages.filter((each) => kindOf(each) === kind);
  return [
    `${outages.length} times, ${journeys.length} purchases in ${tries} tries`,
    `purchases that nothing touched: ${percentiles(calmMs(outages, journeys))}`,
    `taken over: ${took(outages)}`,
    ...[...new Set(outages.map(kindOf))].map(
      (kind) => `  ${kind}, ${ofKind(kind).length}: ${took(ofKind(kind))}`,
    ),
  ];
}

/** `commands` of `commands-2`, `commands from nats, cut` of `commands-1 from nats, cut`. */
function kindOf({ name }: Outage): string {
  return name.replace(/-\d+/, '');
}

/** How long purchases took that no outage touched. */
function calmMs(outages: readonly Outage[], journeys: readonly Journey[]): number[] {
  return journeys
    .filter((each) => !outages.some((outage) => wasHit(each, outage.brokenMs, outage.wholeMs)))
    .flatMap(({ begunMs, concludedMs }) => (concludedMs === null ? [] : [concludedMs - begunMs]));
}

function wasHit({ begunMs, concludedMs }: Journey, fromMs: number, toMs: number): boolean {
  return begunMs <= toMs && (concludedMs ?? Infinity) >= fromMs;
}

/** `p50 12 ms, p99 340 ms`. */
function percentiles(values: readonly number[]): string {
  if (values.length === 0) return 'none';
  const [p50, p99] = [percentile(values, 0.5), percentile(values, 0.99)].map(Math.round);
  return `p50 ${p50} ms, p99 ${p99} ms`;
}

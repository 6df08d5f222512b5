import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import type { SeededRandom } from '../../support/seeded.random.js';
import type { Buyers } from './buyers.js';
import type { ClusterStage } from './cluster.stage.js';
import { takeoverMs, type Outage } from './takeover.js';

const READY_WITHIN_MS = 60_000;

/** What outages happen to, and what they are drawn from. */
export interface Trial {
  readonly stage: ClusterStage;
  readonly buyers: Buyers;
  readonly random: SeededRandom;
  readonly tell: (line: string) => void;
  /** Whether all that was begun has to conclude before something else breaks. */
  readonly settlesEach: boolean;
  /** What was broken and is mended. */
  readonly outages: Outage[];
}

/** How long something stays broken. */
export interface Span {
  atLeastMs: number;
  atMostMs: number;
}

export interface PlannedOutage {
  name: string;
  lastsMs: number;
  break: () => Promise<void> | void;
  mend: () => Promise<void> | void;
}

/** Breaks it under load, mends it, and waits until all is well again: every process runs and is ready, and what was begun is concluded. */
export async function endure(trial: Trial, planned: PlannedOutage): Promise<void> {
  const { stage, buyers, random, settlesEach, tell } = trial;
  await pause(random.next() * 1_500);
  const brokenMs = performance.now();
  await planned.break();
  await pause(planned.lastsMs);
  await planned.mend();
  const outage = { name: planned.name, brokenMs, wholeMs: performance.now() };
  if (settlesEach) await buyers.settled();
  await allReady(stage);
  const lasted = Math.round(outage.wholeMs - brokenMs);
  const took = Math.round(takeoverMs(outage, buyers.journeys));
  tell(
    [
      `${planned.name}: broken for ${lasted} ms`,
      ...(settlesEach ? [`taken over within ${took} ms`] : []),
      `${buyers.journeys.length} purchases`,
      `${buyers.faults.length} faults`,
    ].join(', '),
  );
  trial.outages.push(outage);
}

export function drawSpan(random: SeededRandom, { atLeastMs, atMostMs }: Span): number {
  return Math.round(atLeastMs + random.next() * (atMostMs - atLeastMs));
}

async function allReady({ cluster }: ClusterStage): Promise<void> {
  for (const { name, url, isRunning } of cluster.processes) {
    if (!isRunning()) throw new Error(`${name} ended by itself`);
    await eventually(
      async () => (await fetch(`${url}/readyz`)).status,
      (status) => status === 200,
      { withinMs: READY_WITHIN_MS, what: `a ${name} that is ready` },
    );
  }
}

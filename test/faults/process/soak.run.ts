import { setTimeout as pause } from 'node:timers/promises';
import { percentile } from '../../support/load.js';
import { PROCESSORS, type FaultMode } from '../../support/sandbox.control.js';
import { seededRandom, type SeededRandom } from '../../support/seeded.random.js';
import { idOf } from './books.verdict.js';
import { buy, drawPurchase, type Purchase } from './buyer.js';
import { openFaultStage, type FaultStage } from './fault.stage.js';
import {
  growthPerHour,
  ofWholeLife,
  residentMb,
  slopePerHour,
  type MemorySample,
} from './memory.slope.js';
import { faultsAtRest, faultsNow } from './soak.checks.js';

const MINUTE_MS = 60_000;
/** So many arrive at once: a timer for each one would be late. */
const TICK_MS = 20;
/** Above it, arrivals are left out and counted. */
const OPEN_MAX = 5_000;
/** Twice as long each time, as a well-behaved agent waits. */
const AGAIN_FIRST_MS = 1_000;
const AGAIN_MAX_MS = 16_000;
/** One in so many is asked for again at the end, to see the same bytes. */
const REPEATED = 50;
const LIVES = 6;
/** A shorter life says more about how a process warms up than about what it never gives back. */
const JUDGED_LIFE_MS = 10 * MINUTE_MS;
/** The one mandate keeps that much of each payment under it (ADR 18): no leak, and not to be judged as one. */
const KEPT_BYTES = 165;
const FAULTS: readonly FaultMode[] = [
  'refuse',
  'error_500_after',
  'error_500_before',
  'timeout_after',
  'timeout_before',
  'slow',
];

export interface SoakPlan {
  minutes: number;
  /** Payments per second. */
  rate: number;
  /** How much a long life of the server may grow, MB per hour, beyond what its mandate keeps. */
  growthMax: number;
  seed: number;
  tell: (line: string) => void;
}

interface Soak {
  readonly stage: FaultStage;
  readonly random: SeededRandom;
  readonly beganMs: number;
  readonly asked: Map<string, number | null>;
  /** Purchases that are not concluded and nobody asks for at the moment, with when to ask again. */
  again: { bought: Purchase; tries: number; atMs: number }[];
  readonly repeats: Purchase[];
  readonly lives: MemorySample[][];
  readonly faults: string[];
  latenciesMs: number[];
  buyer: ReturnType<FaultStage['agentClient']>;
  counts: { arrived: number; concluded: number; leftOut: number; kills: number; switched: number };
  open: number;
  /** False from a kill until the server is ready again. */
  serving: boolean;
  over: boolean;
}

/** Pays at a fixed pace for a long time, among faults and kills, and gives everything that was wrong. */
export async function runSoak(plan: SoakPlan): Promise<string[]> {
  const stage = await openFaultStage();
  const soak: Soak = {
    stage,
    random: seededRandom(plan.seed),
    beganMs: performance.now(),
    asked: new Map(),
    again: [],
    repeats: [],
    lives: [[]],
    faults: [],
    latenciesMs: [],
    buyer: stage.agentClient(),
    counts: { arrived: 0, concluded: 0, leftOut: 0, kills: 0, switched: 0 },
    open: 0,
    serving: true,
    over: false,
  };
  try {
    await Promise.all([
      arrivals(soak, plan),
      sampling(soak),
      checking(soak, plan),
      troubles(soak, plan),
    ]);
    await settle(soak);
    soak.faults.push(...growthFaults(soak, plan));
    summarize(soak, plan);
    return soak.faults;
  } finally {
    soak.over = true;
    await stage.dispose();
  }
}

/** Open loop: what is late is not waited for. */
async function arrivals(soak: Soak, { minutes, rate, seed }: SoakPlan): Promise<void> {
  const { counts } = soak;
  for (let ms = elapsed(soak); ms < minutes * MINUTE_MS; ms = elapsed(soak)) {
    for (const due = Math.floor((ms / 1_000) * rate); counts.arrived < due; counts.arrived++) {
      if (soak.open >= OPEN_MAX) counts.leftOut += 1;
      else void begin(soak, `soak-${seed}-${counts.arrived}`);
    }
    askAgain(soak);
    await pause(TICK_MS);
  }
  soak.over = true;
}

function begin(soak: Soak, name: string): Promise<void> {
  const bought = drawPurchase(soak.random, name);
  soak.asked.set(idOf(soak.stage, bought), null);
  if (soak.counts.arrived % REPEATED === 0) soak.repeats.push(bought);
  soak.open += 1;
  return proceed(soak, bought, 1);
}

function askAgain(soak: Soak): void {
  const nowMs = elapsed(soak);
  const due = soak.again.filter(({ atMs }) => atMs <= nowMs);
  soak.again = soak.again.filter(({ atMs }) => atMs > nowMs);
  for (const { bought, tries } of due) void proceed(soak, bought, tries + 1);
}

async function proceed(soak: Soak, bought: Purchase, tries: number): Promise<void> {
  const before = performance.now();
  try {
    const { body } = await buy(soak.buyer, bought);
    soak.latenciesMs.push(performance.now() - before);
    if (bought.done) {
      soak.asked.set(idOf(soak.stage, bought), capturedAsTold(bought, body));
      soak.counts.concluded += 1;
      soak.open -= 1;
      soak.faults.push(...bought.toldOtherwise);
      return;
    }
  } catch {
    // The connection broke: a kill. The same key finds out.
  }
  const afterMs = Math.min(AGAIN_FIRST_MS * 2 ** (tries - 1), AGAIN_MAX_MS);
  soak.again.push({ bought, tries, atMs: elapsed(soak) + afterMs });
}

/** How much was captured, as far as the last answer says it. */
function capturedAsTold(bought: Purchase, body: unknown): number | null {
  const { object, amount_captured } = (body ?? {}) as Record<string, unknown>;
  if (object === 'payment_intent') return Number(amount_captured);
  return object === 'refund' ? bought.request.amount : null;
}

async function sampling(soak: Soak): Promise<void> {
  while (!soak.over) {
    const resident = await residentMb(soak.stage.bursar.pid());
    if (resident !== null) soak.lives.at(-1)?.push({ atMs: elapsed(soak), residentMb: resident });
    await pause(1_000);
  }
}

async function checking(soak: Soak, { tell }: SoakPlan): Promise<void> {
  for (let minute = 1; !soak.over; minute++) {
    while (!soak.over && elapsed(soak) < minute * MINUTE_MS) await pause(TICK_MS);
    if (soak.over) return;
    soak.faults.push(...(await untilAnswered(soak)));
    const { counts, latenciesMs, open } = soak;
    soak.latenciesMs = [];
    const life = soak.lives.at(-1) ?? [];
    tell(
      [
        `${minute} min`,
        `${counts.arrived} arrived, ${counts.concluded} concluded, ${open} open, ${counts.leftOut} left out`,
        `p50 ${Math.round(percentile(latenciesMs, 0.5))} ms, p99 ${Math.round(percentile(latenciesMs, 0.99))} ms`,
        `${counts.kills} kills, ${counts.switched} faults switched on`,
        `${Math.round(life.at(-1)?.residentMb ?? 0)} MB, ${rounded(growthPerHour(life))} MB/h`,
        `${soak.faults.length} wrong`,
      ].join('; '),
    );
  }
}

/** A check that a kill cut off says nothing and is made again. */
async function untilAnswered(soak: Soak): Promise<string[]> {
  for (;;) {
    const { kills } = soak.counts;
    const served = soak.serving;
    try {
      return await faultsNow(soak.stage, soak.asked);
    } catch (error) {
      if (served && soak.counts.kills === kills) throw error;
      await pause(1_000);
    }
  }
}

/** Faults all the time; kills in the first half, so that the second is one long life. */
async function troubles(soak: Soak, { minutes }: SoakPlan): Promise<void> {
  const { stage, random, counts } = soak;
  const lifeMs = () => ((minutes * MINUTE_MS) / (2 * LIVES)) * (0.5 + random.next());
  let killAtMs = lifeMs();
  while (!soak.over) {
    await pause(3_000 + random.next() * 15_000);
    if (elapsed(soak) < (minutes * MINUTE_MS) / 2 && elapsed(soak) >= killAtMs) {
      counts.kills += 1;
      soak.serving = false;
      await stage.bursar.kill9();
      soak.lives.push([]);
      await stage.bursar.start();
      soak.serving = true;
      soak.buyer.close();
      soak.buyer = stage.agentClient();
      killAtMs = elapsed(soak) + lifeMs();
      continue;
    }
    counts.switched += 1;
    await stage.sandbox.fault(random.pick(PROCESSORS), {
      mode: random.pick(FAULTS),
      latency_ms: random.pick([0, 100]),
      rate: random.pick([0.1, 0.5, 1]),
    });
    await pause(1_000 + random.next() * 4_000);
    await stage.sandbox.heal();
  }
}

/** Nobody new comes: what is open is asked for until it is concluded, some of it once more, and everything is judged. */
async function settle(soak: Soak): Promise<void> {
  const { stage } = soak;
  await stage.sandbox.heal();
  const giveUpMs = elapsed(soak) + 2 * MINUTE_MS;
  while (soak.open > 0 && elapsed(soak) < giveUpMs) {
    askAgain(soak);
    await pause(TICK_MS);
  }
  if (soak.open > 0) soak.faults.push(`${soak.open} purchases have no conclusion`);
  for (const bought of soak.repeats) {
    await buy(soak.buyer, bought);
    soak.faults.push(...bought.toldOtherwise);
  }
  soak.faults.push(...(await faultsAtRest(stage, soak.asked)));
}

function growthFaults({ lives }: Soak, { growthMax, rate }: SoakPlan): string[] {
  const keptMb = (rate * 3_600 * KEPT_BYTES) / 2 ** 20;
  return lives
    .filter((life) => lengthOf(life) >= JUDGED_LIFE_MS)
    .map(growthPerHour)
    .filter((growth) => growth > growthMax + keptMb)
    .map((growth) => `a long life grew by ${rounded(growth)} MB/h`);
}

function summarize({ lives, counts, faults, repeats }: Soak, { tell }: SoakPlan): void {
  for (const [index, life] of lives.entries()) {
    const seconds = Math.round(lengthOf(life) / 1_000);
    const { residentMb: mb } = ofWholeLife(life);
    tell(
      `life ${index + 1}: ${seconds} s, ${rounded(mb)} MB, ${rounded(growthPerHour(life))} MB/h`,
    );
  }
  const seen = lives.filter(({ length }) => length > 0).map(ofWholeLife);
  tell(`over ${seen.length} lives: ${rounded(slopePerHour(seen))} MB/h`);
  tell(`${JSON.stringify(counts)}, ${repeats.length} asked for once more`);
  tell(faults.length === 0 ? 'nothing went wrong' : `${faults.length} things went wrong`);
}

function lengthOf(life: readonly MemorySample[]): number {
  return (life.at(-1)?.atMs ?? 0) - (life[0]?.atMs ?? 0);
}

function elapsed({ beganMs }: Soak): number {
  return performance.now() - beganMs;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

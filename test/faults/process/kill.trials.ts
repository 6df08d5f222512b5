import { setTimeout as pause } from 'node:timers/promises';
import type { FaultMode } from '../../support/sandbox.control.js';
import { PROCESSORS } from '../../support/sandbox.control.js';
import { seededRandom } from '../../support/seeded.random.js';
import { faultsFound } from './books.verdict.js';
import { buy, drawPurchase, type Purchase } from './buyer.js';
import { openFaultStage, type FaultStage } from './fault.stage.js';

/** When a server dies: before it serves, while it makes good the last death, or in the middle of work. */
const MOMENTS = ['starting', 'recovering', 'working', 'working'] as const;
type Moment = (typeof MOMENTS)[number];
/** When it dies, at most: this long after it serves while recovering, after so many answers while working. */
const RECOVERING_MS = 100;
const ANSWERS_MAX = 20;
const OPEN_MAX = 12;
const ARRIVE_EVERY_MS = 10;
/** How often a purchase is one that was cut off before, asked for again. */
const AGAIN_SHARE = 0.2;
const FAULTY_SHARE = 0.3;
const FAULTS: readonly FaultMode[] = [
  'timeout_after',
  'timeout_before',
  'error_500_after',
  'error_500_before',
  'slow',
];
const JUDGE_EVERY = 50;

export interface KillRun {
  kills: number;
  seed: number;
  tell: (line: string) => void;
}

export interface KillReport {
  moments: Record<Moment, number>;
  purchases: number;
  /** Requests that got an answer before the server died, and those that got none. */
  answered: number;
  cutOff: number;
  faults: string[];
}

/** Kills a server again and again at random moments of its life and names everything that went wrong. */
export async function runKillTrials({ kills, seed, tell }: KillRun): Promise<KillReport> {
  const random = seededRandom(seed);
  const stage = await openFaultStage();
  try {
    const purchases: Purchase[] = [];
    const report: KillReport = {
      moments: { starting: 0, recovering: 0, working: 0 },
      purchases: 0,
      answered: 0,
      cutOff: 0,
      faults: [],
    };
    const draw = (): Purchase => {
      const open = purchases.filter(({ done }) => !done);
      if (open.length > 0 && random.next() < AGAIN_SHARE) return random.pick(open);
      const fresh = drawPurchase(random, `kill-${seed}-${purchases.length}`);
      purchases.push(fresh);
      return fresh;
    };
    let startMs = 0;
    await stage.bursar.kill9();
    for (let kill = 1; kill <= kills; kill++) {
      // The first one tells how long a start takes.
      const moment = startMs === 0 ? 'working' : random.pick(MOMENTS);
      report.moments[moment] += 1;
      await stage.sandbox.heal();
      if (moment === 'starting') {
        await dieWhileStarting(stage, random.next() * startMs);
      } else {
        if (random.next() < FAULTY_SHARE)
          await stage.sandbox.fault(random.pick(PROCESSORS), {
            mode: random.pick(FAULTS),
            latency_ms: random.pick([0, 50]),
            rate: random.pick([0.3, 1]),
          });
        const before = performance.now();
        await stage.bursar.start();
        startMs = performance.now() - before;
        const death =
          moment === 'working'
            ? { afterMs: 0, afterAnswers: 1 + Math.floor(random.next() * ANSWERS_MAX) }
            : { afterMs: random.next() * RECOVERING_MS, afterAnswers: 0 };
        const life = await dieAtWork(stage, death, draw);
        report.answered += life.answered;
        report.cutOff += life.cutOff;
      }
      if (kill % JUDGE_EVERY !== 0 && kill !== kills) continue;
      await stage.sandbox.heal();
      await stage.bursar.start();
      report.faults.push(...(await faultsFound(stage, purchases)));
      tell(`${kill} kills, ${purchases.length} purchases, ${report.faults.length} faults`);
      await stage.bursar.kill9();
    }
    report.purchases = purchases.length;
    return report;
  } finally {
    await stage.dispose();
  }
}

async function dieWhileStarting({ bursar }: FaultStage, afterMs: number): Promise<void> {
  const started = bursar.start().catch(() => undefined);
  await pause(afterMs);
  await bursar.kill9();
  await started;
}

/** Purchases arrive at a fixed pace until the server dies under them. */
async function dieAtWork(
  stage: FaultStage,
  { afterMs, afterAnswers }: { afterMs: number; afterAnswers: number },
  draw: () => Purchase,
): Promise<{ answered: number; cutOff: number }> {
  const buyer = stage.agentClient();
  const life = { answered: 0, cutOff: 0, open: 0 };
  const begin = async () => {
    life.open += 1;
    try {
      await buy(buyer, draw());
      life.answered += 1;
    } catch {
      life.cutOff += 1;
    } finally {
      life.open -= 1;
    }
  };
  const asked: Promise<void>[] = [];
  const diesAtMs = performance.now() + afterMs;
  while (performance.now() < diesAtMs || life.answered < afterAnswers) {
    if (life.open < OPEN_MAX) asked.push(begin());
    await pause(ARRIVE_EVERY_MS);
  }
  await stage.bursar.kill9();
  await Promise.all(asked);
  buyer.close();
  return life;
}

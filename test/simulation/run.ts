import { People } from './agents.js';
import { Checkers, type Violation } from './checkers.js';
import type { CrashRule } from './kernel.js';
import { hexOf } from './report.js';
import { type Scenario, scenarioOf } from './scenario.js';
import { type Sabotage, World } from './world.js';

export interface RunResult {
  readonly seed: number;
  readonly hash: string;
  readonly happened: number;
  readonly virtualMs: number;
  readonly violations: readonly Violation[];
  /** How often each remarkable thing happened. */
  readonly coverage: ReadonlyMap<string, number>;
  readonly trace: readonly string[] | null;
}

export interface RunOptions {
  readonly scenario?: Scenario;
  readonly sabotage?: Sabotage;
  readonly trace?: boolean;
  /** Besides the crashes that the scenario plans. */
  readonly crashes?: CrashRule;
}

/** After the world healed, everything must be over within this time. */
const LIVENESS_MS = 30 * 60_000;
const HAPPENINGS_MAX = 500_000;
/** How long nothing may be left to do before it counts as over. */
const CALM_MS = 5_000;

/** One run of everything, from one seed. Equal seeds give equal results, on any machine. */
export async function run(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const scenario = options.scenario ?? scenarioOf(seed);
  const world = new World(scenario, options.sabotage);
  const people = new People(world);
  const checkers = new Checkers(world, people);
  world.observers.push(checkers);
  const { kernel } = world;
  if (options.trace) kernel.trace = [];
  kernel.crashes = crashRule(scenario, options.crashes);
  void people.begin();
  const stuck = !(await untilOver(world, people, checkers));
  checkers.finish(stuck);
  return {
    seed,
    hash: hexOf(kernel.hash),
    happened: kernel.happened,
    virtualMs: kernel.nowMs,
    violations: checkers.violations,
    coverage: coverageOf(world, checkers),
    trace: kernel.trace,
  };
}

/** False when somebody still waits, or something is still open, though nothing was wrong for a long time. */
async function untilOver(world: World, people: People, checkers: Checkers): Promise<boolean> {
  const { kernel, scenario } = world;
  const endMs = scenario.healAtMs + LIVENESS_MS;
  let calmSinceMs: number | null = null;
  while (kernel.happened < HAPPENINGS_MAX) {
    if (!(await world.step(endMs))) return isOver(world, people);
    if (checkers.violations.length > 0) return true;
    if (!isOver(world, people)) calmSinceMs = null;
    else calmSinceMs ??= kernel.nowMs;
    if (calmSinceMs !== null && kernel.nowMs - calmSinceMs > CALM_MS) return true;
  }
  return false;
}

function isOver(world: World, people: People): boolean {
  return people.busy === 0 && world.quiet && world.unconcluded === 0;
}

function crashRule({ crashes }: Scenario, more: CrashRule | undefined): CrashRule {
  const planned = crashes.map(({ slot, after }) => ({ name: 'PQ'.charAt(slot), after }));
  return (life, label) => {
    for (const crash of planned) {
      if (crash.after <= 0 || !life.name.startsWith(crash.name)) continue;
      crash.after -= 1;
      if (crash.after === 0) return true;
    }
    return more?.(life, label) ?? false;
  };
}

function coverageOf(world: World, checkers: Checkers): Map<string, number> {
  const coverage = new Map<string, number>();
  const count = (what: string, times = 1) => coverage.set(what, (coverage.get(what) ?? 0) + times);
  for (const { type } of world.shared.log.events) count(`event ${type}`);
  for (const what of checkers.seen()) count(what);
  for (const [fault, times] of world.faults.struck) count(`fault ${fault}`, times);
  if (world.crashed > 0) count('crash', world.crashed);
  if (world.scenario.scattered) count('two processes');
  if (world.scenario.killSwitch) count('kill switch');
  return coverage;
}

import { inspect, parseArgs } from 'node:util';
import { seededRandom, seedFrom } from '../../support/seeded.random.js';
import { startBuyers } from './buyers.js';
import { openClusterStage, type ClusterStage } from './cluster.stage.js';
import { keepEvidence } from './evidence.js';
import { roomFor, rushHotMandate } from './hot-mandate.js';
import { killTrials } from './kill.trials.js';
import type { Trial } from './outages.run.js';
import { partitionTrials } from './partition.trials.js';
import { figuresOf, type Outage } from './takeover.js';
import { judged, verdictOn } from './verdict.js';
import { wipeTrials } from './wipe.trials.js';

const OPTIONS = {
  kills: { type: 'string', default: '50' },
  nats: { type: 'string', default: '10' },
  eventstore: { type: 'string', default: '10' },
  wipes: { type: 'string', default: '3' },
  payments: { type: 'string', default: '500' },
  room: { type: 'string', default: '100' },
  commands: { type: 'string', default: '4' },
  buyers: { type: 'string', default: '8' },
  rest: { type: 'string', default: '1000' },
} as const;
type Options = Record<keyof typeof OPTIONS, number>;

const DEAD = { atLeastMs: 3_000, atMostMs: 8_000 };
const CUT_OFF = { atLeastMs: 5_000, atMostMs: 20_000 };
const TOLD_MAX = 50;
const LENGTH_MAX = 500;

const PROGRAMS: Record<string, (options: Options, seed: number) => Promise<string[]>> = {
  kills: (options, seed) =>
    underLoad(options, seed, (trial) => {
      const { stage, random } = trial;
      const victims = Array.from({ length: options.kills }, () =>
        random.pick(stage.cluster.processes),
      );
      return killTrials(trial, { victims, dead: DEAD });
    }),
  partitions: (options, seed) =>
    underLoad(options, seed, (trial) => {
      const engines = [
        ...Array.from({ length: options.nats }, () => 'nats' as const),
        ...Array.from({ length: options.eventstore }, () => 'eventstore' as const),
      ];
      return partitionTrials(trial, { engines, lasts: CUT_OFF });
    }),
  wipe: (options, seed) => underLoad(options, seed, (trial) => wipeTrials(trial, options.wipes)),
  hot,
};

/** `kills --kills 50`, or partitions, wipe, hot, or all of them; with FAULT_SEED from the environment. Resolves with the exit status. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const options = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number(value)]),
  ) as Options;
  const seed = seedFrom('FAULT_SEED');
  let found = 0;
  for (const name of positionals.length > 0 ? positionals : Object.keys(PROGRAMS)) {
    const program = PROGRAMS[name];
    if (!program) throw new Error(`${name} is none of ${Object.keys(PROGRAMS).join(', ')}`);
    console.log(`${name}, FAULT_SEED=${seed}`);
    const beganMs = performance.now();
    const faults = await program(options, seed);
    for (const fault of faults.slice(0, TOLD_MAX)) console.log(fault.slice(0, LENGTH_MAX));
    const seconds = Math.round((performance.now() - beganMs) / 1_000);
    const end = faults.length === 0 ? 'nothing went wrong' : `${faults.length} faults`;
    console.log(`${name}: ${end}, after ${seconds} s`);
    found += faults.length;
  }
  return found === 0 ? 0 : 1;
}

async function underLoad(
  { buyers: crowd, rest: restMs }: Options,
  seed: number,
  happen: (trial: Trial) => Promise<void>,
): Promise<string[]> {
  return onStage(await openClusterStage(), async (stage) => {
    const buyers = startBuyers(stage, { buyers: crowd, restMs, seed });
    const outages: Outage[] = [];
    const trial: Trial = {
      ...{ stage, buyers, outages },
      random: seededRandom(seed),
      settlesEach: true,
      tell: console.log,
    };
    const ended: string[] = [];
    await happen(trial).catch((error: unknown) => ended.push(inspect(error)));
    const faults = [...ended, ...(await verdictOn(stage, buyers))];
    for (const line of figuresOf(outages, buyers.journeys)) console.log(line);
    return faults;
  });
}

async function hot({ payments, room, commands }: Options, seed: number): Promise<string[]> {
  const each = { gateway: 2, commands, sagas: 2, connectors: 2, queries: 2 };
  return onStage(await openClusterStage({ each, lifetime: roomFor(room) }), async (stage) => {
    const report = await rushHotMandate(stage, { payments, room, seed });
    const perSecond = (report.commands / report.seconds).toFixed(1);
    const perCommand = (report.conflicts / report.commands).toFixed(3);
    console.log(`${payments} payments in ${report.seconds.toFixed(1)} s, ended as`, report.ended);
    console.log(
      `${report.commands} commands at ${commands} processes, ${perSecond} per second; ${report.conflicts} conflicts, ${perCommand} per command`,
    );
    const purchases = report.journeys.map(({ bought }) => bought);
    return [...report.faults, ...(await judged(stage, purchases))];
  });
}

/** Says where to look when something was found, and ends everything. */
async function onStage(
  stage: ClusterStage,
  play: (stage: ClusterStage) => Promise<string[]>,
): Promise<string[]> {
  try {
    const faults = await play(stage);
    if (faults.length > 0)
      console.log(
        `what every process wrote, and the events of the payments: ${await keepEvidence(stage, faults)}`,
      );
    return faults;
  } finally {
    await stage.dispose();
  }
}

import { parseArgs } from 'node:util';
import { seedFrom } from '../../support/seeded.random.js';
import { runKillTrials } from './kill.trials.js';

/** `--kills 200`, with CRASH_SEED from the environment. Resolves with the exit status. */
export async function run(args: string[]): Promise<number> {
  const { kills } = parseArgs({
    args,
    options: { kills: { type: 'string', default: '200' } },
  }).values;
  const seed = seedFrom('CRASH_SEED');
  console.log(`${kills} kills, CRASH_SEED=${seed}`);
  const before = performance.now();
  const { faults, ...figures } = await runKillTrials({
    kills: Number(kills),
    seed,
    tell: (line) => console.log(line),
  });
  const seconds = Math.round((performance.now() - before) / 1_000);
  console.log(`${seconds} s: ${JSON.stringify(figures)}`);
  for (const fault of faults) console.log(fault);
  console.log(faults.length === 0 ? 'nothing went wrong' : `${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

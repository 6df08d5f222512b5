import { parseArgs } from 'node:util';
import { seedFrom } from '../../support/seeded.random.js';
import { runSoak } from './soak.run.js';

const TOLD_MAX = 50;

/** `--minutes 60 --rate 100 --growth 64`, with SOAK_SEED from the environment. Resolves with the exit status. */
export async function run(args: string[]): Promise<number> {
  const { minutes, rate, growth } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string', default: '100' },
      growth: { type: 'string', default: '64' },
    },
  }).values;
  const seed = seedFrom('SOAK_SEED');
  console.log(`${minutes} minutes at ${rate} payments a second, SOAK_SEED=${seed}`);
  const faults = await runSoak({
    minutes: Number(minutes),
    rate: Number(rate),
    growthMax: Number(growth),
    seed,
    tell: (line) => console.log(line),
  });
  for (const fault of faults.slice(0, TOLD_MAX)) console.log(fault);
  return faults.length === 0 ? 0 : 1;
}

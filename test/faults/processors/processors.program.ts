import { parseArgs } from 'node:util';
import { seedFrom } from '../../support/seeded.random.js';
import { runProcessorTrials } from './processors.trials.js';

/** `--payments 1000 --lost 20`, with FAULT_SEED from the environment. Resolves with the exit status. */
export async function run(args: string[]): Promise<number> {
  const { payments, lost } = parseArgs({
    args,
    options: {
      payments: { type: 'string', default: '1000' },
      lost: { type: 'string', default: '20' },
    },
  }).values;
  const seed = seedFrom('FAULT_SEED');
  console.log(`${payments} payments, FAULT_SEED=${seed}`);
  const before = performance.now();
  const { faults, waiting, ...figures } = await runProcessorTrials({
    payments: Number(payments),
    lost: Number(lost),
    seed,
    tell: (line) => console.log(line),
  });
  const seconds = Math.round((performance.now() - before) / 1_000);
  console.log(`${seconds} s: ${JSON.stringify(figures)}`);
  console.log(`wait for Adyen, whose webhooks were lost: ${waiting.join(' ')}`);
  for (const fault of faults) console.log(fault);
  console.log(faults.length === 0 ? 'nothing went wrong' : `${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

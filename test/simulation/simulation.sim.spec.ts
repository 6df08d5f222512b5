import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Report, missing } from './report.js';
import { run } from './run.js';

const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 5_000);
const FROM = Number(process.env['SIMULATION_FROM'] ?? 1);
const PROGRAM = 'dist/simulation/test/simulation/main.js';

/** What `npm run simulate` says, on all processor cores. */
async function simulated(...options: string[]): Promise<Report> {
  const maxBuffer = 64 * 2 ** 20;
  const parameters = [PROGRAM, ...options, '--json'];
  // A broken rule is exit status 1, and in the report.
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { maxBuffer }).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout || JSON.stringify({ error }) }),
  );
  return JSON.parse(stdout) as Report;
}

describe('the simulation', () => {
  it(
    `breaks no rule in ${SEEDS} hostile schedules, and nothing remarkable is missing from them`,
    { timeout: 60_000 + SEEDS * 200 },
    async () => {
      const report = await simulated('--seeds', `${SEEDS}`, '--from', `${FROM}`);
      expect(report).toMatchObject({ seeds: SEEDS, violations: [] });
      if (SEEDS >= 5_000) expect(missing(report)).toEqual([]);
    },
  );

  it('goes the same way for the same seeds, to the last happening, on however many threads', async () => {
    const [one, two] = [
      await simulated('--seeds', '200'),
      await simulated('--seeds', '200', '--threads', '1'),
    ];
    expect([two.hash, two.happenings]).toEqual([one.hash, one.happenings]);
  });

  it('goes another way for another seed', async () => {
    expect((await run(1)).hash).not.toBe((await run(2)).hash);
  });

  it('tells what happened, line by line, when it is asked to', async () => {
    const { trace, violations } = await run(3, { trace: true });
    expect(violations).toEqual([]);
    expect(trace?.join('\n')).toMatch(/\+ PaymentIntentRequested .*[^]*\+ RequestConcluded/);
  });
});

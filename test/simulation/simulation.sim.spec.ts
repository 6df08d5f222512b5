import { describe, expect, it } from 'vitest';
import { addTo, emptyReport, missing } from './report.js';
import { run } from './run.js';

const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 1_500);
const FROM = Number(process.env['SIMULATION_FROM'] ?? 1);

describe('the simulation', () => {
  it(
    `breaks no rule in ${SEEDS} hostile schedules, and nothing remarkable is missing from them`,
    { timeout: 60_000 + SEEDS * 200 },
    async () => {
      const report = emptyReport();
      for (let seed = FROM; seed < FROM + SEEDS; seed += 1) {
        const { violations, coverage, happened, hash } = await run(seed);
        const broken = violations.map((violation) => ({ seed, hash, ...violation }));
        expect(broken, `npm run simulate -- --seed ${seed} --trace`).toEqual([]);
        const part = { seeds: 1, happenings: happened, violations: [] };
        addTo(report, { ...part, coverage: Object.fromEntries(coverage) });
      }
      if (SEEDS >= 1_500) expect(missing(report)).toEqual([]);
    },
  );

  it('goes the same way for the same seed, to the last happening', async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const [first, second] = [await run(seed), await run(seed)];
      expect([second.hash, second.happened]).toEqual([first.hash, first.happened]);
    }
  });

  it('goes another way for another seed', async () => {
    expect((await run(1)).hash).not.toBe((await run(2)).hash);
  });
});

import { readFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONTROLS, doubleCharges } from './controls.js';
import { PLANTED_BUGS, SEEDS_MAX, hunt } from './planted-bugs.js';
import { FAULTS_PAGE, recordedSeeds } from './planted-bugs.table.js';
import { run } from './run.js';

const recorded = recordedSeeds(readFileSync(FAULTS_PAGE, 'utf8'));

beforeAll(() => Logger.overrideLogger(false));

describe('the simulation', () => {
  // From the recorded seed on, because the thousand quiet ones before it take minutes.
  it.each(PLANTED_BUGS.map((bug) => [bug.name, bug] as const))(
    'notices when %s',
    async (name, bug) => {
      const from = recorded.get(name) ?? 1;
      expect(await hunt(bug, { from, seeds: SEEDS_MAX + 1 - from })).not.toBeNull();
    },
  );

  it('finds nothing at the same seeds when no bug is planted', async () => {
    for (const seed of new Set(recorded.values()))
      expect((await run(seed)).violations, `seed ${seed}`).toEqual([]);
  });

  it('has the first seed of every planted bug on record', () => {
    const names = PLANTED_BUGS.map(({ name }) => name);
    expect(names.filter((name) => !recorded.has(name))).toEqual([]);
  });

  it.each(CONTROLS.map((control) => [control.name, control] as const))(
    'sees double charges by who does without the product: %s',
    async (_, control) => {
      expect(await doubleCharges(control, 50)).not.toEqual([]);
    },
  );
});

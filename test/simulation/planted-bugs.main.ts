import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import { CONTROLS, doubleCharges } from './controls.js';
import { FAULTS_PAGE, tableOf, withTable } from './planted-bugs.table.js';
import { PLANTED_BUGS, type PlantedBug, SEEDS_MAX, hunt } from './planted-bugs.js';

/*
 * Plants each bug and looks for the first seed that notices it:
 *   npm run simulate:bugs -- [--seeds N] [--only WORDS] [--record]
 * `--record` writes the tables into the page about faults. Ends with status 1 when a bug was not noticed.
 */
const CONTROL_SEEDS = 1_000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: String(SEEDS_MAX) },
    only: { type: 'string', default: '' },
    record: { type: 'boolean', default: false },
  },
});
const seeds = Number(values.seeds);
// The product warns about refused commands and lost connections; here they are the point.
Logger.overrideLogger(false);

const bugs: string[][] = [];
for (const bug of PLANTED_BUGS.filter(({ name }) => name.includes(values.only)))
  bugs.push(await rowOf(bug));
const controls = values.only === '' ? await controlRows(Math.min(seeds, CONTROL_SEEDS)) : [];
const tables = [tableOf(['Planted bug', 'Caught by the rule', 'At seed'], bugs)];
if (controls.length > 0)
  tables.push(tableOf(['Without the product', 'Seeds with a double charge', 'First'], controls));
console.log(`\n${tables.join('\n\n')}`);
if (values.record)
  writeFileSync(FAULTS_PAGE, withTable(readFileSync(FAULTS_PAGE, 'utf8'), tables.join('\n\n')));

async function rowOf(bug: PlantedBug): Promise<string[]> {
  const caught = await hunt(bug, { seeds });
  if (!caught) process.exitCode = 1;
  const row = caught
    ? [bug.name, caught.rule, String(caught.seed)]
    : [bug.name, `NOT CAUGHT in ${seeds} seeds`, ''];
  console.log(row.join(' | '));
  return row;
}

async function controlRows(count: number): Promise<string[][]> {
  const rows: string[][] = [];
  for (const control of CONTROLS) {
    const found = await doubleCharges(control, count);
    rows.push([control.name, `${found.length} of ${count}`, String(found[0]?.seed ?? '')]);
    console.log(rows.at(-1)?.join(' | '));
  }
  return rows;
}

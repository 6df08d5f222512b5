import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { FLOWS, type Flow } from './crash-points.flows.js';
import {
  NO_CRASH,
  type Played,
  crashedOnceMore,
  play,
  pointOf,
  reproduction,
} from './crash-points.js';

/*
 * Every crash point of every canonical flow, and for those that move money every pair of them:
 *   npm run simulate:crash-points -- [--singles] [flow]
 * One run again, with its trace; + and - say whether an append got there that outlived its process:
 *   npm run simulate:crash-points -- "flow" 17a,4 +-
 */
// The product warns about refused commands and lost connections; here they are the point.
Logger.overrideLogger(false);

const words = process.argv.slice(2);
const singles = words.includes('--singles');
const [name, points, fates = ''] = words.filter((word) => word !== '--singles');
const chosen = FLOWS.filter((flow) => name === undefined || flow.name === name);
if (chosen.length === 0) throw new Error(`There is no flow "${name}".`);

const findings = points === undefined ? await exploreAll() : await showOne(chosen[0] as Flow);
process.exitCode = findings === 0 ? 0 : 1;

async function exploreAll(): Promise<number> {
  let sum = 0;
  for (const flow of chosen) sum += await explore(flow);
  return sum;
}

async function explore(flow: Flow): Promise<number> {
  const beganMs = performance.now();
  const smooth = await play(flow, NO_CRASH);
  let [once, twice, found] = [0, 0, report(flow, smooth)];
  for await (const single of crashedOnceMore(flow, smooth)) {
    once += 1;
    found += report(flow, single);
    if (singles || !flow.movesMoney) continue;
    for await (const pair of crashedOnceMore(flow, single)) {
      twice += 1;
      found += report(flow, pair);
    }
  }
  const seconds = Math.round((performance.now() - beganMs) / 1_000);
  const counts = `${smooth.lives[0]?.length} points, ${once} crashes, ${twice} pairs`;
  console.log(`${flow.name}: ${counts}, ${found} findings, ${seconds} s`);
  return found;
}

function report(flow: Flow, { crashes, findings }: Played): number {
  if (findings.length === 0) return 0;
  console.log(`${findings.join('\n')}\n  ${reproduction(flow, crashes)}`);
  return 1;
}

async function showOne(flow: Flow): Promise<number> {
  const crashes = {
    points: (points ?? '').split(',').map(pointOf),
    arrivals: [...fates].map((fate) => fate === '+'),
  };
  const played = await play(flow, crashes, true);
  console.log(played.trace?.join('\n'));
  console.log(played.ends);
  return report(flow, played);
}

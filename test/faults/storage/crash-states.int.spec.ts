import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSource } from '../../../libs/sqlite/source-build.js';
import { seededRandom, seedFrom } from '../../support/seeded.random.js';
import { DiskModel } from './disk.model.js';
import { faultsOf } from './log.verdict.js';
import { canTrace, type FileOperation, traced } from './write.trace.js';

const STATES = Number(process.env['CRASH_STATES'] ?? 150);
const CONTROLS = Math.ceil(STATES / 5);

/** `CRASH_STATES=2000` for a long run, `CRASH_STATES_SEED` for the same one again. */
describe.skipIf(!canTrace())('a log after a power cut', () => {
  const seed = seedFrom('CRASH_STATES_SEED');
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'crash-states-'));
    console.info(`CRASH_STATES_SEED=${seed}`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it(`has every acknowledged append, whole and in order, and nothing else, in ${STATES} states`, async () => {
    const operations = await lives('FULL', [60, 250, 40, 100]);
    const judged = await judge(operations, STATES);
    expect(judged).toEqual([]);
  }, 3_600_000);

  it('is caught losing acknowledged appends when commits do not wait for the disk', async () => {
    const operations = await lives('NORMAL', [150]);
    const judged = await judge(operations, CONTROLS);
    console.info(`synchronous=NORMAL: ${judged.length} of ${CONTROLS} states lost something`);
    expect(judged.length).toBeGreaterThan(CONTROLS / 2);
    expect(judged.join()).toMatch(/was acknowledged and is lost/);
  }, 3_600_000);

  /** One process after the other on the same files, every second of which is killed. */
  async function lives(synchronous: string, appends: readonly number[]): Promise<FileOperation[]> {
    const script = await buildSource(new URL('./log-load.child.js', import.meta.url));
    const place = join(folder, synchronous);
    mkdirSync(place);
    return appends.flatMap((count, life) => {
      const parameters = [`${life}`, `${count}`, life % 2 === 0 ? 'kill' : 'close', synchronous];
      const path = join(place, 'events.db');
      return traced(
        [process.execPath, fileURLToPath(script), path, ...parameters],
        place,
        `${path}.trace`,
      );
    });
  }

  /** Cuts the power at so many moments; what is wrong after each cut that something is wrong after. */
  async function judge(operations: readonly FileOperation[], count: number): Promise<string[]> {
    const random = seededRandom(seed);
    const cuts = Array.from({ length: count }, () => Math.floor(random.next() * operations.length));
    cuts.sort((a, b) => a - b);
    const disk = new DiskModel();
    const acknowledged = new Map<string, number>();
    const wrong: string[] = [];
    let done = 0;
    for (const [number, cut] of cuts.entries()) {
      for (const operation of operations.slice(done, cut)) {
        disk.apply(operation);
        if (operation.kind !== 'said') continue;
        const [stream = '', revision] = operation.line.split(' ');
        acknowledged.set(stream, Number(revision));
      }
      done = cut;
      const place = join(folder, `state-${number}`);
      disk.cut(random, place);
      const faults = await faultsOf(join(place, 'events.db'), acknowledged).catch(
        (error: unknown) => [`${error}`],
      );
      if (faults.length > 0)
        wrong.push(`cut at operation ${cut}: ${faults.slice(0, 3).join('; ')}`);
      rmSync(place, { recursive: true });
    }
    return wrong;
  }
});

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogDamagedError, type RecordedEvent, StreamNotFoundError } from '#event-store';
import { UnknownFileError } from '#sqlite';
import { encodeAppend } from '../../../libs/event-store/append.encoding.js';
import { openForReading, openForWriting } from '../../../libs/event-store/sqlite/log.file.js';
import { prepareLog } from '../../../libs/event-store/sqlite/log.opening.js';
import { LogReader } from '../../../libs/event-store/sqlite/log-reader.js';
import { LogWriter } from '../../../libs/event-store/sqlite/log-writer.js';
import { buildSource } from '../../../libs/sqlite/source-build.js';
import { type SeededRandom, seededRandom, seedFrom } from '../../support/seeded.random.js';
import { eventAt } from './log.load.js';
import { everything, openLog } from './log.verdict.js';

const CASES = Number(process.env['DAMAGE_CASES'] ?? 250);
const APPENDED = 'payment_intent-afterwards';

interface Case {
  /** Of the log's files, the one that is hurt. */
  file: string;
  /** Found when the log is opened, or only when a running process comes across it. */
  running: boolean;
  /** Whether something is appended before all is read. */
  appends: boolean;
  hurt: (path: string) => string;
}

/** `DAMAGE_CASES=20000` for a long run, `DAMAGE_SEED` for the same one again. */
describe('a damaged log', () => {
  const seed = seedFrom('DAMAGE_SEED');
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'damage-'));
    console.info(`DAMAGE_SEED=${seed}`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it(`is read as if nothing were wrong, or refused by name, in ${CASES} cases of a flipped bit or a cut`, async () => {
    const random = seededRandom(seed);
    const closed = await written('close');
    const crashed = await written('kill');
    const counts: Record<string, number> = {};
    const wrong: string[] = [];
    for (let number = 0; number < CASES; number++) {
      const sample = random.pick([closed, crashed]);
      const each = caseOf(random, sample === crashed);
      const place = join(folder, 'case');
      cpSync(sample.place, place, { recursive: true });
      const what = each.hurt(join(place, each.file));
      const verdict = judged(join(place, 'events.db'), each, sample.truth);
      counts[verdict] = (counts[verdict] ?? 0) + 1;
      if (verdict.startsWith('WRONG')) wrong.push(`${what} of ${each.file}: ${verdict}`);
      rmSync(place, { recursive: true });
      if (number % 200 === 0) await closeForgotten();
    }
    console.info(counts);
    expect(wrong).toEqual([]);
  }, 3_600_000);

  /** A log that was closed, or one whose process just ended. */
  async function written(ending: string) {
    const script = await buildSource(new URL('./log-load.child.js', import.meta.url));
    const place = join(folder, ending);
    mkdirSync(place);
    const path = join(place, 'events.db');
    const run = spawnSync(process.execPath, [fileURLToPath(script), path, ending, '60', ending]);
    expect(`${run.stderr}`).toBe('');
    cpSync(place, `${place}-read`, { recursive: true });
    const store = await openLog(join(`${place}-read`, 'events.db'));
    const truth = await everything(store);
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(ending === 'kill');
    return { place, truth };
  }
});

/** The binding closes a connection's files when it is collected, and a synchronous loop gives nobody the time to. */
async function closeForgotten(): Promise<void> {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  await nextTurn();
}

function caseOf(random: SeededRandom, crashed: boolean): Case {
  const file = crashed ? random.pick(['events.db-wal', 'events.db']) : 'events.db';
  const where = random.next();
  const bit = 1 << Math.floor(random.next() * 8);
  const hurt = random.pick(['bit', 'bit', 'bit', 'cut'] as const);
  // Half of them where SQLite keeps what it finds its way by.
  const offsetIn = (size: number) =>
    random.next() < 0.5
      ? Math.floor(where * size)
      : Math.floor(where * (size / 4096)) * 4096 + Math.floor(random.next() * 64);
  return {
    file,
    running: !crashed && random.next() < 0.5,
    appends: random.next() < 0.25,
    hurt: (path) => {
      const bytes = readFileSync(path);
      const at = Math.min(offsetIn(bytes.length), bytes.length - 1);
      if (hurt === 'cut') {
        truncateSync(path, at);
        return `cut at ${at}`;
      }
      bytes[at] = bytes[at]! ^ bit;
      writeFileSync(path, bytes);
      return `bit ${bit} at ${at}`;
    },
  };
}

function judged(path: string, { running, appends }: Case, truth: readonly RecordedEvent[]): string {
  let reader: LogReader | undefined;
  try {
    const head = running ? truth.length : prepareLog(path);
    const appended = appends && append(path);
    reader = new LogReader(
      path,
      () => openForReading(path),
      () => (appended ? head + 1 : head),
    );
    return compared(reader, truth, appended);
  } catch (error) {
    if (error instanceof LogDamagedError) return 'refused as damaged';
    if (error instanceof UnknownFileError) return 'refused as unknown';
    return `WRONG: ${error}`;
  } finally {
    reader?.close();
  }
}

/** @throws LogDamagedError */
function append(path: string): boolean {
  const writer = new LogWriter(path, openForWriting);
  const events = encodeAppend(APPENDED, 'no_stream', [eventAt(APPENDED, 0)]);
  const [outcome] = writer.commit(
    [{ kind: 'append', stream: APPENDED, expected: 'no_stream', events }],
    0,
  );
  writer.close();
  if (outcome?.kind === 'damaged') {
    throw new LogDamagedError(outcome.file, outcome.place, outcome.expected);
  }
  if (outcome?.kind !== 'applied') throw new Error(JSON.stringify(outcome));
  return true;
}

function compared(reader: LogReader, truth: readonly RecordedEvent[], appended: boolean): string {
  const events: RecordedEvent[] = [];
  for (let after = -1; ;) {
    const page = reader.readAll({ after });
    events.push(...page.events);
    if (page.scannedTo === after) break;
    after = page.scannedTo;
  }
  const added = events.slice(truth.length).map(({ stream }) => stream);
  if (JSON.stringify(events.slice(0, truth.length)) !== JSON.stringify(truth)) return 'WRONG log';
  if (`${added}` !== (appended ? APPENDED : '')) return `WRONG end of the log: ${added}`;

  for (const stream of new Set(truth.map((event) => event.stream))) {
    const wanted = JSON.stringify(truth.filter((event) => event.stream === stream));
    if (JSON.stringify(reader.readStream(stream, {})) !== wanted) return 'WRONG stream';
    const backward = reader.readStream(stream, { direction: 'backward' }).reverse();
    if (JSON.stringify(backward) !== wanted) return 'WRONG stream, backward';
  }
  try {
    reader.readStream('payment_intent-never', {});
    return 'WRONG: a stream out of nothing';
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return 'read as written';
}

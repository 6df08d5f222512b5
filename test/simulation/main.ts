import 'reflect-metadata';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Logger } from '@nestjs/common';
import { run } from './run.js';
import { type Report, addTo, emptyReport, hashOf, print } from './report.js';

const USAGE = `Usage: npm run simulate -- [options]

  --seeds N     how many seeds to run (default 1000)
  --from S      the first one (default 1)
  --seed S      only this one
  --trace       print everything that happened, with --seed
  --threads N   how many at once (default: one for each processor core)
  --json        print the report as JSON

Ends with status 1 when a rule was broken.`;

/** Seeds that a thread runs between two reports. */
const STRIDE = 100;

interface Task {
  from: number;
  seeds: number;
  thread: number;
  threads: number;
}

// The product warns about refused commands and lost connections; here they are the point.
Logger.overrideLogger(false);
// Most errors here are meant, and nobody reads where they came from.
Error.stackTraceLimit = 0;

if (isMainThread) await main();
else await work(workerData as Task);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      threads: { type: 'string', default: String(availableParallelism()) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  if (values.seed !== undefined) return one(Number(values.seed), values.trace);
  const seeds = Number(values.seeds);
  const from = Number(values.from);
  const threads = Math.max(1, Math.min(Number(values.threads), seeds));
  const startedMs = performance.now();
  const report = emptyReport();
  const done = Array.from({ length: threads }, (_, thread) =>
    inThread({ from, seeds, thread, threads }, (part) => {
      addTo(report, part);
      if (!values.json) progress(report, seeds, startedMs);
    }),
  );
  await Promise.all(done);
  const seconds = (performance.now() - startedMs) / 1_000;
  console.log(values.json ? JSON.stringify({ ...report, seconds }) : print(report, seconds));
  if (report.violations.length > 0) process.exitCode = 1;
}

async function one(seed: number, trace: boolean): Promise<void> {
  const result = await run(seed, { trace });
  for (const line of result.trace ?? []) console.log(line);
  const { hash, happened, virtualMs, violations } = result;
  console.log(
    `seed ${seed}: hash ${hash}, ${happened} happenings in ${virtualMs} ms of virtual time`,
  );
  for (const { rule, what } of violations) console.log(`VIOLATION of "${rule}": ${what}`);
  if (violations.length > 0) process.exitCode = 1;
}

function inThread(task: Task, onPart: (part: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: task });
    worker.on('message', onPart);
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}

async function work({ from, seeds, thread, threads }: Task): Promise<void> {
  let part = emptyReport();
  for (let seed = from + thread; seed < from + seeds; seed += threads) {
    const result = await run(seed);
    addTo(part, {
      seeds: 1,
      hash: hashOf(seed, result.hash),
      happenings: result.happened,
      violations: result.violations.map((violation) => ({
        seed,
        hash: result.hash,
        ...violation,
      })),
      coverage: Object.fromEntries(result.coverage),
    });
    if (part.seeds < STRIDE) continue;
    parentPort?.postMessage(part);
    part = emptyReport();
  }
  parentPort?.postMessage(part);
}

function progress({ seeds, violations }: Report, all: number, startedMs: number): void {
  if (!process.stderr.isTTY) return;
  const perSecond = (seeds / (performance.now() - startedMs)) * 1_000;
  process.stderr.write(
    `\r${seeds} of ${all} seeds, ${perSecond.toFixed(0)} a second, ${violations.length} violations `,
  );
}

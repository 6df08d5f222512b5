import { openConnection } from './http.connection.js';
import { describeMachine } from './machine.js';
import { measure } from './measurement.js';
import { readOptions } from './options.js';
import { record } from './record.js';
import { setStage, startFloor } from './stage.js';
import { median } from './statistics.js';
import { renderReport } from './tables.js';

const USAGE = `npm run bench -- [options]

  --seconds <n>   length of one measured window          (default 3)
  --warm-up <n>   seconds of load before each window     (default 1)
  --rounds <n>    windows per cell, interleaved; medians (default 3)
  --folder <dir>  where the temporary data goes          (default ./data; a disk, not memory)
  --json          prints JSON instead of tables
  --record        rewrites the tables in docs/benchmarks.md
  --help
`;
const CONNECTIONS = [1, 16, 64];
const LATENCIES_MS = [0, 50];
const FLOOR_1 = { commits: 3, calls: 2 };
const FIRST_LOAD_MS = 5_000;

const options = readOptions(USAGE, { seconds: 3, 'warm-up': 1, rounds: 3 });
const report = await run({
  windowMs: options.seconds * 1000,
  warmUpMs: options['warm-up'] * 1000,
  rounds: options.rounds,
  folder: options.folder,
});
const tables = renderReport(report);
console.log(options.json ? JSON.stringify(report, null, 2) : tables);
if (options.record) await record('figures', tables);

async function run({ windowMs, warmUpMs, rounds, folder }) {
  const stage = await setStage({ folder });
  try {
    const machine = describeMachine(stage.data);
    const { systems, perPayment, floors } = await prepare(stage, warmUpMs);
    const samples = new Map();
    for (const { round, latencyMs, connections, system } of schedule(rounds, systems)) {
      await stage.sandbox.setLatency(latencyMs);
      const sample = await measure({ ...system, connections, warmUpMs, windowMs });
      const cell = { latencyMs, connections, system: system.name };
      const name = JSON.stringify(cell);
      samples.set(name, { cell, taken: [...(samples.get(name)?.taken ?? []), sample] });
      tell(`round ${round + 1} of ${rounds}`, cell, sample);
    }
    const cells = [...samples.values()].map(({ cell, taken }) => ({ ...cell, ...summary(taken) }));
    return { machine, rounds, seconds: windowMs / 1000, perPayment, floors, cells };
  } finally {
    await stage.strike();
  }
}

/** All cells, `rounds` times over; the systems of a cell follow each other, and each is first in its turn. */
function* schedule(rounds, systems) {
  for (let round = 0; round < rounds; round += 1)
    for (const latencyMs of LATENCIES_MS)
      for (const connections of CONNECTIONS)
        for (const system of rotated(systems, round))
          yield { round, latencyMs, connections, system };
}

/** Counts what one payment takes, warm, at 64 connections, and makes the floors after it. */
async function prepare(stage, warmUpMs) {
  const { bursar, sandbox } = stage;
  const observe = async () => ({
    ...(await bursar.counters()),
    calls: (await sandbox.usage()).requests,
  });
  const product = { name: 'Bursar', server: bursar, pay: bursar.pay, observe };
  await stage.sandbox.setLatency(0);
  const { grown } = await measure({
    ...product,
    connections: 64,
    warmUpMs: FIRST_LOAD_MS,
    windowMs: FIRST_LOAD_MS,
  });
  const perPayment = each(grown);
  const connection = await openConnection(bursar.url);
  const answer = await bursar.pay(connection);
  connection.close();
  const floor = await startFloor(stage, {
    eventsPerAppend: Math.max(1, Math.round(grown.events / grown.appends)),
    bytesPerEvent: Math.round(grown.characters / grown.events),
    answer,
  });
  const floors = [FLOOR_1, likeBursar(perPayment)];
  const systems = floors.map((plan, index) => ({
    name: `floor ${index + 1}`,
    server: floor,
    pay: floor.paying(plan),
  }));
  for (const system of systems) {
    await measure({ ...system, connections: 64, warmUpMs: FIRST_LOAD_MS, windowMs: warmUpMs });
  }
  return { systems: [product, ...systems], perPayment, floors };
}

function likeBursar({ appends, calls }) {
  return { commits: Math.round(appends), calls: Math.round(calls) };
}

/** Counters, for each payment that was answered while they grew. */
function each({ payments, ...counters }) {
  return Object.fromEntries(
    Object.entries(counters).map(([name, grown]) => [name, grown / payments]),
  );
}

function summary(samples) {
  const middle = (name) => median(samples.map((sample) => sample[name]));
  const figures = ['perSecond', 'p50Ms', 'p99Ms', 'cpuSecondsPer1000', 'rssMb'];
  const grown = samples.flatMap((sample) => (sample.grown ? [each(sample.grown)] : []));
  return {
    ...Object.fromEntries(figures.map((name) => [name, middle(name)])),
    lowestPerSecond: Math.min(...samples.map(({ perSecond }) => perSecond)),
    highestPerSecond: Math.max(...samples.map(({ perSecond }) => perSecond)),
    ...(grown.length > 0 && {
      commitsPerPayment: median(grown.map(({ commits }) => commits)),
      appendsPerPayment: median(grown.map(({ appends }) => appends)),
      callsPerPayment: median(grown.map(({ calls }) => calls)),
    }),
  };
}

function rotated(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

function tell(where, { latencyMs, connections, system }, { perSecond }) {
  process.stderr.write(
    `${where}, ${latencyMs} ms, ${connections} connection(s), ${system}: ${perSecond.toFixed(0)} payments/s\n`,
  );
}

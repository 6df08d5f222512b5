import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startLoad } from './closed-loop.js';
import { describeMachine } from './machine.js';
import { readOptions } from './options.js';
import { selfTimes } from './profile.summary.js';
import { record } from './record.js';
import { setStage } from './stage.js';
import { fixed, machineLine, percent, table } from './tables.js';

const USAGE = `npm run bench:profile -- [options]

  --seconds <n>      how long the server is watched  (default 10)
  --connections <n>  of the load                     (default 64)
  --folder <dir>     where the temporary data goes   (default ./data)
  --functions <n>    rows of the list of functions   (default 25)
  --json             prints JSON instead of tables
  --record           rewrites the tables in docs/benchmarks.md
  --help
`;
const WARM_UP_MS = 5_000;

const options = readOptions(USAGE, { seconds: 10, connections: 64, functions: 25 });
const report = await run();
const tables = renderProfile(report);
console.log(options.json ? JSON.stringify(report, null, 2) : tables);
if (options.record) await record('profile', tables);

/** Loads a server that writes a CPU profile of each of its threads when it ends, and reads the part under load. */
async function run() {
  const stage = await setStage({
    folder: options.folder,
    nodeOptionsOf: (data) => ['--cpu-prof', `--cpu-prof-dir=${data}`],
  });
  try {
    const machine = describeMachine(stage.data);
    const { bursar } = stage;
    const { connections } = options;
    const load = await startLoad({ url: bursar.url, connections, pay: bursar.pay });
    await load.window(WARM_UP_MS);
    const from = microseconds();
    const payments = (await load.window(options.seconds * 1000)).length;
    const to = microseconds();
    await load.stop();
    await bursar.end();
    const threads = profilesIn(stage.data)
      .map((profile) => selfTimes(profile, { from, to }))
      .filter(({ busyMs }) => busyMs > 0)
      .sort((a, b) => b.busyMs - a.busyMs);
    if (threads.length === 0) throw new Error('the server wrote no profile of its time under load');
    return { machine, connections, seconds: (to - from) / 1e6, payments, threads };
  } finally {
    await stage.strike();
  }
}

function profilesIn(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

/** The clock of V8's profiles. */
function microseconds() {
  return Number(process.hrtime.bigint() / 1000n);
}

function renderProfile({ machine, connections, seconds, payments, threads }) {
  const how =
    `${fixed(seconds, 1)} s of ${connections} connections, ${fixed(payments)} payments while ` +
    'profiled (which slows them down). Self time; what waits is left out.';
  const [main] = threads;
  return [
    machineLine(machine, how),
    ...threads.flatMap((thread, index) => [
      `${index === 0 ? 'The main thread' : 'Another thread'}, busy ${percent(thread.busyMs / 1000 / seconds)} of the time, by folder and package:`,
      table(['where', 'self time', 'µs per payment'], rowsOf(thread.places, thread, payments)),
    ]),
    'The functions of the main thread that take most themselves:',
    table(
      ['function', 'self time', 'µs per payment'],
      rowsOf(main.functions.slice(0, options.functions), main, payments),
    ),
  ].join('\n\n');
}

function rowsOf(entries, { busyMs }, payments) {
  return entries
    .filter(({ selfMs }) => selfMs / busyMs >= 0.002)
    .map(({ name, selfMs }) => [
      name,
      percent(selfMs / busyMs),
      fixed((selfMs * 1000) / payments, 1),
    ]);
}

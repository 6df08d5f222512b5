import { startBalancer } from './balancer.js';
import { startCluster } from './cluster.process.js';
import {
  type BursarOptions,
  type RunningBursar,
  type RunningSandbox,
  startSandbox,
} from './bursar.process.js';

/** Two of each process, behind one address: to those who only ask, the same as one server. */
export async function startBursarCluster(options: BursarOptions): Promise<RunningBursar> {
  const closers: (() => Promise<unknown>)[] = [];
  const dispose = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    let sandbox: RunningSandbox | null = null;
    if (!options.sandboxUrl) {
      sandbox = await startSandbox(options.env);
      closers.push(sandbox.dispose);
    }
    const sandboxUrl = options.sandboxUrl ?? sandbox?.url ?? '';
    const cluster = await startCluster({ sandboxUrl, env: options.env });
    closers.push(cluster.dispose);
    const { processes } = cluster;
    const ports = cluster.of('gateway').map(({ url }) => Number(new URL(url).port));
    const balancer = await startBalancer(ports);
    closers.push(balancer.close);
    const baseUrl = `http://127.0.0.1:${balancer.port}`;
    await cluster.makeTenant('sandbox', baseUrl);
    const start = async () => {
      await Promise.all(processes.map((each) => each.start()));
    };
    const stop = async () => {
      const exits = await Promise.all(processes.map((each) => each.stop()));
      return exits.find(({ code }) => code !== 0) ?? { code: 0, signal: null };
    };
    return {
      port: balancer.port,
      baseUrl,
      sandboxUrl,
      nats: cluster.nats,
      dataDir: cluster.dataDir,
      folders: [cluster.dataDir, ...processes.map(({ dataDir }) => dataDir)],
      env: options.env ?? {},
      credentials: () => cluster.credentials(),
      output: () => processes.map((each) => `${each.name}: ${each.output()}`).join('\n'),
      isRunning: () => processes.every((each) => each.isRunning()),
      pid: () => cluster.of('gateway')[0]?.pid() ?? -1,
      signal: (signal) => processes.forEach((each) => each.signal(signal)),
      kill9: async () => void (await Promise.all(processes.map((each) => each.kill9()))),
      start,
      stop,
      restart: async () => {
        await stop();
        await start();
      },
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from './contract.types.js';
import { untilAnswering } from './answering.js';
import { type DeployedNats, startDeployedNats } from './deployed-nats.js';
import { freePorts } from './free-ports.js';
import { endGracefully, startNode, type Exit, type NodeProcess } from './node.process.js';

const SERVER = 'dist/apps/bursar/main.js';
const SANDBOX = 'dist/apps/sandbox/main.js';

/** Its switches, two processors, a merchant and two doubles. */
const SANDBOX_PORTS = 6;

export interface RunningSandbox {
  readonly url: string;
  output(): string;
  signal(signal: NodeJS.Signals): void;
  dispose(): Promise<void>;
}

/** The sandbox in a process of its own, which outlives the server. */
export async function startSandbox(env: Record<string, string> = {}): Promise<RunningSandbox> {
  const port = await freePorts(SANDBOX_PORTS);
  const url = `http://127.0.0.1:${port}`;
  const child = startNode(SANDBOX, { ...env, BURSAR_SANDBOX_PORT: String(port) });
  await untilAnswering(child, `${url}/processors/sandbox_b/books`);
  return {
    url,
    output: child.output,
    signal: child.signal,
    dispose: async () => {
      child.signal('SIGKILL');
      await child.exited;
    },
  };
}

export interface BursarOptions {
  /** Where a sandbox of its own process listens; without it the server brings its own. */
  sandboxUrl?: string;
  /** A folder that the caller made and removes; without it a temporary one is made and removed. */
  dataDir?: string;
  /** With a door for agents over NATS. */
  withNats?: boolean;
  /** More settings. */
  env?: Record<string, string>;
}

export interface RunningBursar {
  readonly port: number;
  readonly baseUrl: string;
  readonly sandboxUrl: string;
  /** Where agents come in over NATS, if they do. */
  readonly nats: DeployedNats | null;
  readonly dataDir: string;
  /** All that its processes write to, and the owner. */
  readonly folders: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  credentials(): Credentials;
  /** What all its processes wrote so far. */
  output(): string;
  isRunning(): boolean;
  pid(): number;
  signal(signal: NodeJS.Signals): void;
  kill9(): Promise<void>;
  stop(): Promise<Exit>;
  /** Starts again on the same folder and ports; resolves when it is ready. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Ends it, however it behaves, and removes its folder. */
  dispose(): Promise<void>;
}

/** Which form of Bursar is tried: one server, or the processes of the distributed form. */
export const FORM = process.env['BURSAR_FORM'] === 'cluster' ? 'cluster' : 'embedded';

/** The built server in a process of its own, on free ports and a fresh folder. Resolves when it is ready. */
export async function startBursar(options: BursarOptions = {}): Promise<RunningBursar> {
  if (FORM === 'cluster') {
    const { startBursarCluster } = await import('./bursar.cluster.js');
    return startBursarCluster(options);
  }
  const nats = options.withNats ? await startDeployedNats() : null;
  const port = await freePorts(1);
  const sandboxPort = options.sandboxUrl ? undefined : await freePorts(SANDBOX_PORTS);
  const sandboxUrl = options.sandboxUrl ?? `http://127.0.0.1:${sandboxPort}`;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'bursar-e2e-')));
  const baseUrl = `http://127.0.0.1:${port}`;
  const env = {
    ...options.env,
    ...(nats && {
      BURSAR_NATS_URL: nats.server.url,
      BURSAR_NATS_NKEY_FILE: nats.keyFile('gateway'),
      BURSAR_NATS_EVENTS_NKEY_FILE: nats.keyFile('events'),
    }),
    BURSAR_PORT: String(port),
    BURSAR_DATA_DIR: dataDir,
    ...(sandboxPort === undefined
      ? { BURSAR_SANDBOX_URL: sandboxUrl }
      : { BURSAR_SANDBOX_PORT: String(sandboxPort) }),
  };
  const past: string[] = [];
  let child: NodeProcess | undefined;
  let credentials: Credentials | undefined;

  const start = async () => {
    if (child) past.push(child.output());
    child = startNode(SERVER, env);
    await untilAnswering(child, `${baseUrl}/readyz`);
    credentials = JSON.parse(await readFile(join(dataDir, 'credentials.json'), 'utf8'));
  };
  const now = () => {
    if (!child) throw new Error('the server was not started');
    return child;
  };
  const dispose = async () => {
    try {
      if (child && !child.exit()) await endGracefully(child);
    } finally {
      await nats?.dispose();
      if (!options.dataDir) await rm(dataDir, { recursive: true, force: true });
      await rm(`${dataDir}.vault-key`, { force: true });
    }
  };
  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }

  return {
    port,
    baseUrl,
    sandboxUrl,
    nats,
    dataDir,
    folders: [dataDir],
    env,
    start,
    dispose,
    credentials: () => {
      if (!credentials) throw new Error('the server has not written credentials yet');
      return credentials;
    },
    output: () => [...past, now().output()].join('\n--- started again ---\n'),
    isRunning: () => now().exit() === null,
    pid: () => now().pid,
    signal: (signal) => now().signal(signal),
    kill9: async () => {
      now().signal('SIGKILL');
      await now().exited;
    },
    stop: () => endGracefully(now()),
    restart: async () => {
      await endGracefully(now());
      await start();
    },
  };
}

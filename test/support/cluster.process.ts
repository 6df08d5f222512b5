import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilAnswering } from './answering.js';
import { bursar as commandLine } from './command-line.js';
import { commandOf, readCompose } from './compose.reader.js';
import type { Credentials } from './contract.types.js';
import { startDeployedNats, type DeployedNats } from './deployed-nats.js';
import {
  startEventStoreServer,
  type EventStoreServerProcess,
} from './eventstore-server/eventstore-server.process.js';
import { freePorts } from './free-ports.js';
import { inParallel } from './load.js';
import { endGracefully, startNode, type Exit, type NodeProcess } from './node.process.js';

export const ROLES = ['commands', 'queries', 'connectors', 'sagas', 'gateway'] as const;
export type Role = (typeof ROLES)[number];

type Settings = Record<string, string>;

/** Where everybody goes. */
export interface Servers {
  natsUrl: string;
  eventStoreUrl: string;
}

/** All at once, none would be ready in time on a small machine. */
const STARTING_MAX = 3;

export interface ClusterOptions {
  /** How many processes there are of each kind. */
  each?: number | Partial<Record<Role, number>>;
  sandboxUrl: string;
  /** A server that runs; without it the test server, which keeps nothing on disk. */
  eventStoreUrl?: string;
  /** More settings of all processes. */
  env?: Record<string, string>;
  /** Settings of one process in particular, such as another way to one of the servers. */
  envOf?: (name: string, role: Role, servers: Servers) => Settings | Promise<Settings>;
}

/** One process of the cluster, through all of its lives. */
export interface ClusterProcess {
  /** `sagas-2`. */
  readonly name: string;
  readonly role: Role;
  readonly url: string;
  readonly dataDir: string;
  isRunning(): boolean;
  pid(): number;
  output(): string;
  signal(signal: NodeJS.Signals): void;
  kill9(): Promise<void>;
  stop(): Promise<Exit>;
  /** Resolves when it is ready. */
  start(): Promise<void>;
}

/** The distributed form on this machine: the very commands of docker-compose.yml, without containers. */
export interface RunningCluster {
  readonly nats: DeployedNats;
  /** Null when the server is another one. */
  readonly eventStore: EventStoreServerProcess | null;
  readonly eventStoreUrl: string;
  readonly processes: readonly ClusterProcess[];
  of(role: Role): ClusterProcess[];
  /** Where the owner's files are: the credentials of the first tenant. */
  readonly dataDir: string;
  credentials(): Credentials;
  /** `baseUrl`: where the credentials say that the API is. */
  makeTenant(name: string, baseUrl: string): Promise<Credentials>;
  dispose(): Promise<void>;
}

export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'bursar-cluster-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const dispose = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const nats = await startDeployedNats();
    closers.push(nats.dispose);
    const eventStore = options.eventStoreUrl ? null : await startEventStoreServer();
    if (eventStore) closers.push(eventStore.stop);
    const eventStoreUrl = options.eventStoreUrl ?? eventStore?.url ?? '';
    const secret = join(folder, 'instance.secret');
    await commandLine(['secret', secret]);
    const processes: ClusterProcess[] = [];
    const { services } = readCompose();
    for (const role of ROLES)
      for (let number = 1; number <= countOf(options, role); number += 1) {
        const name = `${role}-${number}`;
        const port = await freePorts(1);
        const dataDir = join(folder, name);
        await mkdir(dataDir);
        const env = {
          ...services[role]?.environment,
          ...options.env,
          BURSAR_HOST: '127.0.0.1',
          BURSAR_PORT: String(port),
          BURSAR_DATA_DIR: dataDir,
          BURSAR_NATS_URL: nats.server.url,
          BURSAR_NATS_NKEY_FILE: nats.keyFile(role),
          ...(role === 'queries' && { BURSAR_NATS_EVENTS_NKEY_FILE: nats.keyFile('events') }),
          BURSAR_EVENTSTORE_URL: eventStoreUrl,
          BURSAR_INSTANCE_SECRET_FILE: secret,
          BURSAR_SANDBOX_URL: options.sandboxUrl,
          ...(await options.envOf?.(name, role, { natsUrl: nats.server.url, eventStoreUrl })),
        };
        const { program, args } = commandOf(services[role]);
        const url = `http://127.0.0.1:${port}`;
        const each = processOf({ name, role, url, dataDir }, () => startNode(program, env, args));
        processes.push(each);
        closers.push(() => end(each));
      }
    await inParallel(processes, STARTING_MAX, (each) => each.start());
    const dataDir = join(folder, 'owner');
    await mkdir(dataDir);
    const makeTenant = async (name: string, baseUrl: string): Promise<Credentials> => {
      const { args } = commandOf(services['tenant']);
      const asked = args.map((arg) =>
        arg === 'sandbox' ? name : arg === args.at(-1) ? baseUrl : arg,
      );
      const { status, stderr } = await commandLine([...asked, '--data-dir', dataDir], {
        BURSAR_NATS_URL: nats.server.url,
        BURSAR_NATS_NKEY_FILE: nats.keyFile('owner'),
      });
      if (status !== 0) throw new Error(stderr);
      const path = name === 'sandbox' ? 'credentials.json' : join('tenants', `${name}.json`);
      return JSON.parse(await readFile(join(dataDir, path), 'utf8')) as Credentials;
    };
    let credentials: Credentials | undefined;
    return {
      nats,
      eventStore,
      eventStoreUrl,
      processes,
      of: (role) => processes.filter((each) => each.role === role),
      dataDir,
      credentials: () => {
        if (!credentials) throw new Error('there is no tenant yet');
        return credentials;
      },
      makeTenant: async (name, baseUrl) => {
        const made = await makeTenant(name, baseUrl);
        credentials ??= made;
        return made;
      },
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function countOf({ each = 2 }: ClusterOptions, role: Role): number {
  return typeof each === 'number' ? each : (each[role] ?? 1);
}

function processOf(
  known: Pick<ClusterProcess, 'name' | 'role' | 'url' | 'dataDir'>,
  launch: () => NodeProcess,
): ClusterProcess {
  const { name, url } = known;
  const past: string[] = [];
  let child: NodeProcess | undefined;
  const now = () => {
    if (!child) throw new Error(`${name} was not started`);
    return child;
  };
  return {
    ...known,
    isRunning: () => child !== undefined && child.exit() === null,
    pid: () => now().pid,
    output: () => [...past, child?.output() ?? ''].join(''),
    signal: (signal) => now().signal(signal),
    kill9: async () => {
      now().signal('SIGKILL');
      await now().exited;
    },
    stop: () => endGracefully(now()),
    start: async () => {
      if (child) past.push(child.output());
      child = launch();
      await untilAnswering(child, `${url}/readyz`);
    },
  };
}

async function end(process: ClusterProcess): Promise<void> {
  if (!process.isRunning()) return;
  process.signal('SIGCONT');
  process.signal('SIGKILL');
  await process.kill9();
}

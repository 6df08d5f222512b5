import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePorts } from './free-ports.js';
import { createReaper } from './reaper.js';

export interface NatsServerOptions {
  /** With a stream store in a temporary folder. */
  jetstream?: boolean;
  /** Path of a configuration file; address and port stay ours, and `$BURSAR_NATS_STORE` is a temporary folder. */
  config?: string;
  /** What the configuration takes from the environment. */
  env?: Record<string, string>;
}

export interface NatsServer {
  readonly port: number;
  /** `nats://127.0.0.1:<port>`, without credentials. */
  readonly url: string;
  /** The folder of its streams. */
  readonly store: string;
  /** What it wrote so far. */
  output(): string;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** Takes away what its store holds, while it does not run. */
  forget(): Promise<void>;
  /** Starts it again on the same port and store; resolves when it takes connections. */
  start(): Promise<void>;
  /** Reads its configuration again. */
  reload(): void;
  /** Ends it, however it behaves, and removes its store. */
  dispose(): Promise<void>;
}

/** Where Debian puts it is not on the path of every user. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin`;
const reaper = createReaper();

/** A real `nats-server` on a free port of 127.0.0.1. Resolves when it takes connections. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const port = await freePorts(1);
  const store = await mkdtemp(join(tmpdir(), 'nats-'));
  const args = ['-a', '127.0.0.1', '-p', String(port)];
  if (options.jetstream) args.push('-js', '-sd', store);
  if (options.config !== undefined) args.push('-c', options.config);
  const written: Buffer[] = [];
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();

  const start = async () => {
    const started = spawn('nats-server', args, {
      env: { PATH, BURSAR_NATS_STORE: store, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    started.stdout.on('data', (chunk: Buffer) => written.push(chunk));
    started.stderr.on('data', (chunk: Buffer) => written.push(chunk));
    const { pid } = started;
    if (pid !== undefined) reaper.watch(pid);
    let failure: Error | null = null;
    ended = new Promise((resolve) => {
      started.once('error', (error) => {
        failure = new Error(`nats-server cannot be run: ${error.message}`);
        resolve();
      });
      started.once('close', (code) => {
        if (pid !== undefined) reaper.forget(pid);
        failure ??= new Error(`nats-server ended with ${code}:\n${output()}`);
        resolve();
      });
    });
    await eventually(
      () => (failure ? 'failed' : greeting(port)),
      (seen) => seen === 'failed' || seen.startsWith('INFO '),
      { what: 'the greeting of nats-server' },
    );
    if (failure) throw failure as Error;
  };
  const output = () => Buffer.concat(written).toString('utf8');
  const end = async (signal: NodeJS.Signals) => {
    child?.kill(signal);
    await ended;
  };
  const dispose = async () => {
    await end('SIGKILL');
    await rm(store, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    store,
    output,
    stop: () => end('SIGTERM'),
    kill9: () => end('SIGKILL'),
    forget: () => rm(join(store, 'jetstream'), { recursive: true, force: true }),
    start,
    reload: () => void child?.kill('SIGHUP'),
    dispose,
  };
}

function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', reject);
    socket.once('data', (chunk: Buffer) => {
      socket.destroy();
      resolve(chunk.toString('utf8'));
    });
  });
}

import { InProcessBus } from '#bus/in-process';
import type { Messages } from '#contracts';
import type { EventStore } from '#event-store';
import { SqliteEventStore } from '#event-store/sqlite';
import { HttpTransportError } from '#platform';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { UndiciHttpClient } from '#platform/undici';
import { GuardedProcessor, ProcessorRegistry } from '#processors';
import { discoverSandboxProcessors } from '#processors/sandbox';
import { SqliteSagaStore } from '#runtime';
import { lockDataFolder } from '#sqlite';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.js';
import { InstanceKeys } from '../commands/instance-keys.js';
import { readIfThere, writePrivateFile } from './private-file.js';
import { type Settings, filesOf } from './settings.js';

const SANDBOX_WAIT_MS = 10_000;
const SECRET_BYTES = 32;

/** Everything of the embedded form that is opened before the application and closed after it. */
export interface EmbeddedResources {
  readonly clock: SystemClock;
  readonly timers: SystemTimers;
  readonly random: SystemRandom;
  readonly bus: InProcessBus<Messages>;
  readonly store: EventStore;
  readonly sagaStore: SqliteSagaStore;
  readonly registry: ProcessorRegistry;
  readonly keys: InstanceKeys;
  readonly sandboxUrl: string;
  close(): Promise<void>;
}

/**
 * Opens the data folder and everything on it, in order; what was opened is closed again when a later step fails.
 * @throws DataFolderLockedError, UnknownFileError, and the system's error when a port is taken
 */
export async function openEmbedded(settings: Settings): Promise<EmbeddedResources> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    const lock = lockDataFolder(settings.dataDir);
    closers.push(() => lock.release());
    return await open(settings, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  settings: Settings,
  closers: (() => unknown)[],
  close: () => Promise<void>,
): Promise<EmbeddedResources> {
  const [clock, timers, random] = [new SystemClock(), new SystemTimers(), new SystemRandom()];
  const files = filesOf(settings.dataDir);
  const store = await SqliteEventStore.open({ path: files.events, clock, timers });
  closers.push(() => store.close());
  const sagaStore = new SqliteSagaStore(files.sagas);
  closers.push(() => sagaStore.close());
  const sandbox = await sandboxOf(settings);
  closers.push(() => sandbox.stop());
  const http = new UndiciHttpClient();
  closers.push(() => http.close());
  const processors = await discover(sandbox.url, http);
  const registry = new ProcessorRegistry(
    processors.map((processor) => new GuardedProcessor(processor, {}, { clock, timers })),
  );
  closers.push(() => registry.stop());
  const keys = new InstanceKeys(instanceSecret(files.instanceSecret, random));
  const bus = new InProcessBus<Messages>(timers);
  return {
    clock,
    timers,
    random,
    bus,
    store,
    sagaStore,
    registry,
    keys,
    sandboxUrl: sandbox.url,
    close,
  };
}

async function sandboxOf({ sandbox, host }: Settings): Promise<Pick<Sandbox, 'url' | 'stop'>> {
  return 'url' in sandbox
    ? { url: sandbox.url, stop: () => Promise.resolve() }
    : startSandbox({ port: sandbox.port, host });
}

/** The sandbox may be started at the same time: it gets a while to answer. */
async function discover(sandboxUrl: string, http: UndiciHttpClient) {
  const clock = new SystemClock();
  const timers = new SystemTimers();
  const giveUpAtMs = clock.monotonicMs() + SANDBOX_WAIT_MS;
  for (;;) {
    try {
      return await discoverSandboxProcessors(sandboxUrl, http);
    } catch (error) {
      const patient = error instanceof HttpTransportError && clock.monotonicMs() < giveUpAtMs;
      if (!patient) throw error;
      await new Promise<void>((resolve) => timers.after(100, resolve));
    }
  }
}

function instanceSecret(path: string, random: SystemRandom): Buffer {
  const known = readIfThere(path);
  if (known !== undefined) return Buffer.from(known.trim(), 'base64url');
  const secret = random.bytes(SECRET_BYTES);
  writePrivateFile(path, `${secret.toString('base64url')}\n`);
  return secret;
}

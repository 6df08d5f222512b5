import { LogDamagedError } from '#event-store';
import { DataFolderLockedError, UnknownFileError } from '#sqlite';
import { VaultUnavailableError } from '#vault';
import { AgentsDoorError } from '../nats.settings.js';
import { RoleStartError } from '../roles/role-start.error.js';
import { ROLES, type Role, readRoleSettings } from '../roles/role.settings.js';
import { InvalidSettingsError, readSettings } from '../settings.js';
import { type Command, DATA_DIR, JSON_OUT } from './command.js';
import { CommandFailure } from './failures.js';
import type { Terminal } from './terminal.js';

/** What `bursar` without a word means. */
export const START: Command = {
  name: 'start',
  summary: 'the server, with all of its parts in one process',
  positionals: [],
  options: { ...DATA_DIR, ...JSON_OUT },
  details: `Everything else is set by the environment: BURSAR_PORT, BURSAR_HOST, BURSAR_SANDBOX_PORT, BURSAR_SANDBOX_URL,
BURSAR_NATS_URL; STRIPE_SECRET_KEY, ADYEN_API_KEY and BURSAR_PROCESSORS for real accounts. The README has them all.
SIGTERM and SIGINT end it once what is under way is finished.`,
  example: 'BURSAR_PORT=8080 bursar start --data-dir /var/lib/bursar',
  run: async ({ env, dataDir, json, terminal }) => {
    const { startBursar } = await import('../bursar.js');
    const bursar = await started(() => startBursar({ ...readSettings(env), dataDir }));
    const { url, credentialsPath, sandboxUrl, natsServers } = bursar;
    untilToldToEnd(bursar, terminal);
    const docs = `${url}/docs`;
    const sandbox = sandboxUrl === null ? 'none' : `${sandboxUrl}  (books and fault switches)`;
    terminal.out(
      json
        ? JSON.stringify({ url, docs, credentials: credentialsPath, sandbox: sandboxUrl })
        : `Bursar       ${url}
Docs         ${docs}
Credentials  ${credentialsPath}
Sandbox      ${sandbox}${
            natsServers && `\nNATS         ${natsServers}  (bursar.v1.<tenant>.<agent>.>)`
          }`,
    );
  },
};

const SUMMARIES: Record<Role, string> = {
  gateway: 'the API for agents and people, over HTTP and NATS',
  commands: 'the write side',
  sagas: 'what follows from what is recorded',
  connectors: 'calls to processors, merchants and fraud providers',
  queries: 'the read side',
};

/** One process of the distributed form. */
function roleCommand(role: Role): Command {
  return {
    name: role,
    summary: `one process of the distributed form: ${SUMMARIES[role]}`,
    positionals: [],
    options: { ...DATA_DIR, ...JSON_OUT },
    details: `Any number of each may run. Set by the environment: BURSAR_NATS_URL and the other BURSAR_NATS_… settings,
BURSAR_EVENTSTORE_URL, BURSAR_PORT, BURSAR_HOST; see the README. Other processes take over from one that ends.`,
    example: `BURSAR_NATS_URL=nats://127.0.0.1:4222 bursar ${role}`,
    run: async ({ env, dataDir, json, terminal }) => {
      const { startRole } = await import('../roles/roles.js');
      const process = await started(() => startRole({ ...readRoleSettings(role, env), dataDir }));
      untilToldToEnd(process, terminal);
      const { url } = process;
      terminal.out(json ? JSON.stringify({ role, url }) : `${role.padEnd(12)} ${url}`);
    },
  };
}

/** Ends it when the system says so, or when it is of no use any more. */
function untilToldToEnd(
  server: { broken: Promise<Error>; stop(): Promise<void> },
  terminal: Terminal,
): void {
  let stopping = false;
  const end = async (status = 0) => {
    if (stopping) return;
    stopping = true;
    await server.stop();
    // What only waits for its time, a retry say, is recorded and goes on with the next start.
    process.exit(status);
  };
  // Whoever watches over it starts it again.
  void server.broken.then((error) => {
    terminal.err(`bursar: ${error.message}`);
    return end(1);
  });
  process.on('SIGTERM', () => void end());
  process.on('SIGINT', () => void end());
}

const demo: Command = {
  name: 'demo',
  summary: 'a day in the life of an agent, told step by step and checked',
  positionals: [],
  options: {
    ...DATA_DIR,
    url: {
      type: 'string',
      value: 'url',
      summary: 'a running server (with --data-dir or ./data for its credentials)',
    },
    'sandbox-url': {
      type: 'string',
      value: 'url',
      summary: 'its sandbox (default: http://127.0.0.1:7071)',
    },
  },
  details: `Starts a server of its own in a temporary folder on free ports, unless --url or --data-dir names one that runs.
Breaks and heals the sandbox's processors on the way. Ends with exit status 1 when anything was not as told.`,
  example: 'bursar demo',
  run: async (asked) => {
    const { runDemo } = await import('../demo/demo.js');
    await runDemo(asked);
  },
};

export const SERVER: readonly Command[] = [START, ...ROLES.map(roleCommand), demo];

/** @throws CommandFailure for what whoever starts it can put right */
async function started<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (isPlain(error)) throw new CommandFailure(`Bursar cannot start: ${error.message}`);
    throw error;
  }
}

function isPlain(error: unknown): error is Error {
  return (
    error instanceof InvalidSettingsError ||
    error instanceof DataFolderLockedError ||
    error instanceof UnknownFileError ||
    error instanceof LogDamagedError ||
    error instanceof AgentsDoorError ||
    error instanceof RoleStartError ||
    error instanceof VaultUnavailableError ||
    (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
  );
}

import { NatsRefusalError, NatsUnreachableError } from '#bus/nats';
import { AnonymousNatsError } from '../../gateway/nats/agents.door.js';
import { RoleStartError } from './role-start.error.js';
import { runCommands } from './commands.role.js';
import { runConnectors } from './connectors.role.js';
import { runGateway } from './gateway.role.js';
import { runQueries } from './queries.role.js';
import { type RoleHost, type RunningRole, openHost } from './role.host.js';
import type { Role, RoleSettings } from './role.settings.js';
import { runSagas } from './sagas.role.js';

const RUN: Record<Role, (host: RoleHost, settings: RoleSettings) => Promise<RunningRole>> = {
  gateway: runGateway,
  commands: runCommands,
  sagas: runSagas,
  connectors: runConnectors,
  queries: runQueries,
};

export interface StartedRole {
  readonly url: string;
  /** Resolves with why it cannot do any more what it is there for, and should be stopped. */
  readonly broken: Promise<Error>;
  stop(): Promise<void>;
}

/**
 * Starts one process of the distributed form.
 * @throws RoleStartError, DataFolderLockedError, InvalidSettingsError, and the system's error when the port is taken
 */
export async function startRole(settings: RoleSettings): Promise<StartedRole> {
  try {
    return await start(settings);
  } catch (error) {
    const plain = [NatsUnreachableError, NatsRefusalError, AnonymousNatsError];
    const isPlain = plain.some((each) => error instanceof each);
    throw isPlain ? new RoleStartError(error as Error) : error;
  }
}

async function start(settings: RoleSettings): Promise<StartedRole> {
  const host = await openHost(settings);
  const { connection, readiness } = host;
  try {
    const running = await RUN[settings.role](host, settings);
    readiness.started();
    const stop = async () => {
      readiness.stopping();
      await running.stop();
      await connection.close();
    };
    const broken = new Promise<Error>((resolve) => {
      void connection.closed().then((error) => error && resolve(error));
    });
    return { url: running.url, broken, stop };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  NatsConnection,
  type NatsPorts,
  NatsRefusalError,
  NatsUnreachableError,
  serversOf,
} from '#bus/nats';
import { AgentsDoor, AnonymousNatsError } from '../gateway/nats/agents.door.js';
import { AgentsDoorError, type NatsAccess } from './nats.settings.js';

export interface OpenAgentsDoor {
  /** `host:port` of the servers. */
  readonly servers: string;
  /** Resolves with why it will never open again. */
  readonly broken: Promise<Error>;
  /** Answers what arrived, within that time, and goes. */
  close(withinMs: number): Promise<void>;
}

/** Lets agents in over NATS. @throws AgentsDoorError */
export async function openAgentsDoor(
  app: NestFastifyApplication,
  access: NatsAccess,
  ports: NatsPorts,
): Promise<OpenAgentsDoor> {
  try {
    return await open(app.get(AgentsDoor), access, ports);
  } catch (error) {
    const plain = [NatsUnreachableError, NatsRefusalError, AnonymousNatsError];
    const isPlain = plain.some((each) => error instanceof each);
    throw isPlain ? new AgentsDoorError(error as Error) : error;
  }
}

async function open(
  door: AgentsDoor,
  { allowAnonymous, ...access }: NatsAccess,
  ports: NatsPorts,
): Promise<OpenAgentsDoor> {
  const connection = await NatsConnection.open({ ...access, name: 'gateway' }, ports);
  try {
    await door.open(connection, { allowAnonymous });
  } catch (error) {
    await connection.close();
    throw error;
  }
  return {
    servers: serversOf(access).join(', '),
    broken: new Promise((resolve) => {
      void connection.closed().then((error) => error && resolve(error));
    }),
    close: async (withinMs) => {
      await door.close(withinMs);
      await connection.close();
    },
  };
}

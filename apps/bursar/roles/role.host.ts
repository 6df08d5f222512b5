import type { NestApplicationContextOptions as Options } from '@nestjs/common/interfaces/nest-application-context-options.interface.js';
import { Addressees, NatsBus, NatsConnection, NatsMembers, NatsTransport } from '#bus/nats';
import { type Messages, streamAskedFor } from '#contracts';
import { EventStoreDbEventStore } from '#event-store/eventstoredb';
import { Metrics } from '#metrics';
import { type Trouble, ownerOf } from '#platform';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { ProcessLog } from '../process-log.js';
import { RedactedLogger } from '../redacted.logger.js';
import { RoleReadiness } from './role.readiness.js';
import type { Role, RoleSettings } from './role.settings.js';

export const NEST_OPTIONS = {
  logger: new RedactedLogger(),
  abortOnError: false,
} satisfies Options;

/** How long requests that came may take once a process is told to end. */
export const ANSWER_WITHIN_MS = 4_000;

/** What every process of the distributed form has. */
export interface RoleHost {
  readonly role: Role;
  readonly clock: SystemClock;
  readonly timers: SystemTimers;
  readonly random: SystemRandom;
  readonly trouble: Trouble;
  readonly metrics: Metrics;
  readonly connection: NatsConnection;
  readonly readiness: RoleReadiness;
}

/** A process that does its work. */
export interface RunningRole {
  /** Where it tells how it is; for a gateway, the API. */
  readonly url: string;
  /** Ends its work within a few seconds. What it cannot finish, another process or its next life does. */
  stop(): Promise<void>;
}

/** @throws NatsUnreachableError */
export async function openHost({ role, nats }: RoleSettings): Promise<RoleHost> {
  const [clock, timers, random] = [new SystemClock(), new SystemTimers(), new SystemRandom()];
  const trouble = new ProcessLog();
  const connection = await NatsConnection.open(
    { ...nats, name: role },
    { clock, timers, random, trouble },
  );
  const readiness = new RoleReadiness(connection);
  const metrics = new Metrics();
  return { role, clock, timers, random, trouble, metrics, connection, readiness };
}

/** Who answers what, by the first part of the subject. */
const SERVING: Readonly<Record<string, Role>> = {
  commands: 'commands',
  queries: 'queries',
  effects: 'connectors',
};

/**
 * For processes that ask. Each request goes to one process that is there, and who asked is told when it is gone. What is decided on one
 * stream is decided by one process while that is there, so that no two get in each other's way; when they do, the exact revision of
 * every append keeps it right.
 */
export function openBus({ connection, clock, timers }: RoleHost): NatsBus<Messages> {
  const watched = Object.entries(SERVING).map(([head, kind]) => {
    return [head, NatsMembers.watch(connection, { clock, timers }, { kind })] as const;
  });
  const serving = new Map(watched);
  const addressees = new Addressees((subject) => serving.get(subject.split('.', 1)[0] ?? ''), {
    keyOf: streamAskedFor,
    ownerOf,
  });
  return new NatsBus<Messages>(connection, clock, addressees);
}

/** Connects with the first call. */
export function openLog(
  { clock, timers, random, metrics }: RoleHost,
  { eventStoreUrl: url }: RoleSettings,
): EventStoreDbEventStore {
  const onCommit = metrics.countCommit.bind(metrics);
  return new EventStoreDbEventStore({ url, clock, timers, random, onCommit });
}

/**
 * Serves the message handlers of a Nest application to the other processes. They see from `join` on that it is there. It leaves when it
 * has answered what it took: whoever leaves before is taken for one that will not answer.
 */
export function serveOthers(
  host: RoleHost,
  description: string,
): { strategy: NatsTransport; join: () => Promise<void>; leave: () => void } {
  const { role, connection, timers, random } = host;
  const self = random.uuid();
  const strategy = new NatsTransport(connection, timers, {
    service: `bursar-${role}`,
    description,
    version: '1.0.0',
    queue: role,
    drainWithinMs: ANSWER_WITHIN_MS,
    self,
  });
  let members: NatsMembers | undefined;
  return {
    strategy,
    join: async () => {
      members = await NatsMembers.join(connection, host, { kind: role, self });
    },
    leave: () => members?.leave(),
  };
}

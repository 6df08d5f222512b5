import type { NestApplicationContextOptions as Options } from '@nestjs/common/interfaces/nest-application-context-options.interface.js';
import { NatsBus, NatsConnection, NatsMembers, NatsTransport } from '#bus/nats';
import { type Messages, streamAskedFor } from '#contracts';
import { EventStoreDbEventStore } from '#event-store/eventstoredb';
import { Metrics } from '#metrics';
import { type Trouble, ownerOf } from '#platform';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { ProcessLog } from '../process-log.js';
import { RoleReadiness } from './role.readiness.js';
import type { Role, RoleSettings } from './role.settings.js';

export const NEST_OPTIONS = { logger: ['error', 'warn'], abortOnError: false } satisfies Options;

/** How long requests that came may take once a process is told to end. */
export const ANSWER_WITHIN_MS = 4_000;

/** As which the processes of the write side know each other, and are known. */
export const WRITERS = 'commands';

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

/**
 * For processes that ask. What is decided on one stream is decided by one process of the write side while it is there, so that no two
 * get in each other's way; when they do, the exact revision of every append keeps it right.
 */
export function openBus({ connection, clock, timers }: RoleHost): NatsBus<Messages> {
  const writers = NatsMembers.watch(connection, { clock, timers }, { kind: WRITERS });
  return new NatsBus<Messages>(connection, clock, (subject, payload) => {
    const stream = streamAskedFor(subject, payload);
    return stream === null ? null : (ownerOf(stream, writers.alive()) ?? null);
  });
}

/** Connects with the first call. */
export function openLog(
  { clock, timers, random, metrics }: RoleHost,
  { eventStoreUrl: url }: RoleSettings,
): EventStoreDbEventStore {
  const onCommit = metrics.countCommit.bind(metrics);
  return new EventStoreDbEventStore({ url, clock, timers, random, onCommit });
}

/** Serves the message handlers of a Nest application to the other processes. */
export function transportOf(
  { role, connection, timers }: RoleHost,
  description: string,
  self?: string,
): NatsTransport {
  return new NatsTransport(connection, timers, {
    service: `bursar-${role}`,
    description,
    version: '1.0.0',
    queue: role,
    drainWithinMs: ANSWER_WITHIN_MS,
    ...(self !== undefined && { self }),
  });
}

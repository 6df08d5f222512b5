import { NatsConnection, type NatsPorts, NatsPublication } from '#bus/nats';
import type { EventStore } from '#event-store';
import type { ProjectionRuntime } from '#runtime/projection';
import { WorldEventsRelay } from '../queries/world-events.relay.js';
import { type NatsAccess, eventsAccessOf } from './nats.settings.js';

/** Where reporting services read. */
const STREAM = 'BURSAR_EVENTS';
const SUBJECTS = 'bursar.v1.*.events.>';

export interface EventRelay {
  /** Before the read models are closed. */
  stop(): Promise<void>;
}

/**
 * Publishes what the world is told on JetStream, over a connection of its own: on the server as it is deployed, the stream is out of reach
 * of every other name. Null when we came with a key and have none for this. @throws NatsUnreachableError
 */
export async function startEventRelay(
  access: NatsAccess,
  ports: NatsPorts & { store: EventStore; readModels: ProjectionRuntime; replicas: number },
): Promise<EventRelay | null> {
  const own = eventsAccessOf(access);
  if (!own) return null;
  const connection = await NatsConnection.open({ ...own, name: 'events' }, ports);
  const { replicas } = ports;
  const publication = new NatsPublication(connection, {
    stream: STREAM,
    subjects: SUBJECTS,
    replicas,
  });
  const relay = new WorldEventsRelay({ ...ports, publication });
  relay.start();
  return {
    stop: async () => {
      await relay.stop();
      await connection.close();
    },
  };
}

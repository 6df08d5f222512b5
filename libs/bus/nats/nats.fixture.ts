import { Trouble } from '#platform';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { NatsBus } from './nats.bus.js';
import { NatsConnection, type OpenOptions } from './nats.connection.js';
import { NatsEndpoints } from './nats.endpoints.js';
import type { NatsSettings } from './nats.settings.js';
import { INTERNAL_PREFIX, decodeJson, encodeJson } from './nats.wire.js';

export const clock = new SystemClock();
export const timers = new SystemTimers();

export class ListedTrouble extends Trouble {
  readonly reported: string[] = [];
  report(message: string, error: unknown): void {
    this.reported.push(`${message}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function connectTo(
  settings: Partial<NatsSettings> & Pick<NatsSettings, 'url'>,
  options: OpenOptions & { trouble?: Trouble } = {},
): Promise<NatsConnection> {
  const { trouble = new ListedTrouble() } = options;
  const ports = { clock, timers, random: new SystemRandom(), trouble };
  return NatsConnection.open({ name: 'test', ...settings }, ports, options);
}

export function busOver(connection: NatsConnection): NatsBus {
  return new NatsBus(connection, clock);
}

/** Answers a subject of the bus, as one of the queue group `test`. */
export function respondOn(
  connection: NatsConnection,
  subject: string,
  responder: (payload: unknown) => unknown,
): Promise<NatsEndpoints> {
  const facts = { service: 'test', description: 'a test', version: '1.0.0', queue: 'test' };
  return NatsEndpoints.serve(connection, timers, facts, [
    {
      name: subject.replaceAll('.', '-'),
      subject: INTERNAL_PREFIX + subject,
      answer: async ({ body }) => ({ body: encodeJson(await responder(decodeJson(body))) }),
    },
  ]);
}

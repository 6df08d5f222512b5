import { type RecordedEvent, StoreUnavailableError } from '#event-store';
import { MemoryEventStore, MemoryLog } from '#event-store/memory';
import { SeededRandom, VirtualClock, VirtualTimers } from '#platform/memory';
import type { Delivery } from './delivery.js';
import { MemorySagaStore } from './memory/memory-saga.store.js';
import { type ParkedDelivery, type SagaLimits, SagaRuntime } from './saga.runtime.js';

/** `stream/type` of an event, with `!` when it was delivered as one that may have been acted on before. */
export function label({ event, kind, redelivered }: Delivery): string {
  const due = kind === 'due' ? ' due' : '';
  return `${event.stream.slice('payment_intent-'.length)}/${event.type}${due}${redelivered ? '!' : ''}`;
}

/** What outlives a process: the log and what the sagas remember. Clock and timers are the machine's. */
export function world() {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const store = new MemoryEventStore({ clock, timers, log: new MemoryLog() });
  const ids = new SeededRandom('events');
  const appendTo = async (stream: string, ...types: string[]): Promise<void> => {
    const events = types.map((type) => ({
      id: ids.uuid(),
      type,
      data: {},
      metadata: { $correlationId: 'flow', $causationId: 'cause', schemaVersion: 1 },
    }));
    await store.append(stream, 'any', events);
    await timers.advance(0);
  };
  const append = (payment: string, ...types: string[]) =>
    appendTo(`payment_intent-${payment}`, ...types);
  return { clock, timers, store, sagaStore: new MemorySagaStore(), append, appendTo };
}

export type World = ReturnType<typeof world>;

export const OUTAGE = new StoreUnavailableError('not_applied', 'away');

/** One life of a saga process. Deliveries are claimed and wait in `open` until the test settles them. */
export async function life(
  { clock, timers, store, sagaStore }: World,
  limits: Partial<SagaLimits> = {},
  ports: Partial<ConstructorParameters<typeof SagaRuntime>[0]> = {},
) {
  const delivered: string[] = [];
  const open = new Map<string, Delivery>();
  const parked: ParkedDelivery[] = [];
  const troubles: string[] = [];
  const runtime = new SagaRuntime(
    {
      store,
      sagaStore,
      clock,
      timers,
      publish: (delivery) => {
        delivered.push(label(delivery));
        delivery.claim();
        open.set(label(delivery).replace('!', ''), delivery);
      },
      park: (what) => {
        parked.push(what);
        return Promise.resolve();
      },
      isOutage: (error) => error === OUTAGE,
      onTrouble: (message) => troubles.push(message),
      ...ports,
    },
    limits,
  );
  const take = (name: string): Delivery => {
    const delivery = open.get(name);
    if (!delivery) throw new Error(`${name} is not open, but ${[...open.keys()].join(', ')}`);
    open.delete(name);
    return delivery;
  };
  const acknowledge = async (...names: string[]): Promise<void> => {
    for (const name of names) take(name).acknowledge();
    await timers.advance(0);
  };
  const refuse = async (name: string, error: unknown = new Error('no')): Promise<void> => {
    take(name).refuse(error);
    await timers.advance(0);
  };
  await runtime.start({ streamPrefixes: ['payment_intent-'] });
  await timers.advance(0);
  return { runtime, delivered, open, parked, troubles, acknowledge, refuse };
}

/** The recorded events of a stream, for a delivery out of turn. */
export async function eventsOf({ store }: World, stream: string): Promise<RecordedEvent[]> {
  return store.readStream(`payment_intent-${stream}`);
}

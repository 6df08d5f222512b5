import { type Decider, accepted, refused } from '#domain';
import type { Appended, Expected, NewEvent } from '#event-store';
import { MemoryEventStore, type MemoryLog } from '#event-store/memory';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import type { MessageMeta } from './actor.messages.js';
import type { ActorDefinition } from './actor.runtime.js';

/** A counter that adds each number at most once, by its name. */
export type CounterCommand = { type: 'Add'; name: string; by: number };
export type CounterEvent = { type: 'Added'; data: { name: string; by: number } };
export interface CounterState {
  total: number;
  readonly names: ReadonlySet<string>;
}

const decider: Decider<CounterCommand, CounterEvent, CounterState, 'not_positive', null> = {
  initial: () => ({ total: 0, names: new Set() }),
  decide: ({ name, by }, { names }) => {
    if (by < 0) return refused('not_positive', null);
    return names.has(name)
      ? accepted()
      : accepted<CounterEvent>({ type: 'Added', data: { name, by } });
  },
  evolve: ({ total, names }, { data }) => ({
    total: total + data.by,
    names: new Set([...names, data.name]),
  }),
};

export const COUNTER: ActorDefinition<
  CounterCommand,
  CounterEvent,
  CounterState,
  'not_positive',
  null
> = { category: 'counter', schemaVersion: 3, decider };

export function add(name: string, by = 1): CounterCommand {
  return { type: 'Add', name, by };
}

export function meta(commandId: string): MessageMeta {
  return {
    commandId,
    correlationId: 'flow',
    causationId: `cause of ${commandId}`,
    tenant: 'tnt_1',
    actor: 'agt_1',
    extra: { traceparent: '00-1-2-01' },
  };
}

type Append = (
  stream: string,
  expected: Expected,
  events: readonly NewEvent[],
) => Promise<Appended>;
/** What happens to one append instead of being written; `write` writes it. */
export type Mishap = (write: () => Promise<Appended>) => Promise<Appended>;

/** A memory store whose next appends and reads go as scripted, and which notes every append. */
export class ScriptedStore extends MemoryEventStore {
  readonly appends: { expected: Expected; ids: string[] }[] = [];
  readonly mishaps: Mishap[] = [];
  readonly readErrors: Error[] = [];

  override append: Append = (stream, expected, events) => {
    this.appends.push({ expected, ids: events.map(({ id }) => id) });
    const write = () => super.append(stream, expected, events);
    const mishap = this.mishaps.shift();
    return mishap ? mishap(write) : write();
  };

  override async readStream(...asked: Parameters<MemoryEventStore['readStream']>) {
    const error = this.readErrors.shift();
    if (error) throw error;
    return super.readStream(...asked);
  }
}

export function scripted(log?: MemoryLog) {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  return { store: new ScriptedStore({ clock, timers, log }), timers };
}

/** A promise that is settled by hand. */
export function gate(): { open: () => void; passed: Promise<void> } {
  let open = () => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}

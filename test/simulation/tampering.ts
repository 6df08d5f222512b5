import { CommandBus } from '@nestjs/cqrs';
import { Bus, type RequestOptions } from '#bus';
import type { Messages } from '#contracts';
import type {
  PaymentIntentCommand,
  PaymentIntentDecision,
  PaymentIntentEvent,
  PaymentIntentState,
} from '#domain';
import { EventStore } from '#event-store';
import { Clock, Timers } from '#platform';
import type { Processor } from '#processors';
import {
  ActorRuntime,
  type Checkpoint,
  type Delivery,
  DeliveryCommand,
  type DurableTimer,
  MemorySagaStore,
  SagaStore,
} from '#runtime';
import { ToPaymentIntent } from '../../apps/commands/actors.js';
import { Authority } from '../../apps/commands/authority.js';
import type { Sabotage } from './world.js';

type Ports = Map<unknown, unknown>;
type Subject = keyof Messages & string;
type Tamper<S extends Subject> = (
  asked: Messages[S]['request'],
  send: (asked: Messages[S]['request']) => Promise<Messages[S]['reply']>,
) => Promise<Messages[S]['reply']>;

/** What is done to messages, by subject. */
export type Tampers = { [S in Subject]?: Tamper<S> };

export interface PaymentDecider {
  decide(command: PaymentIntentCommand, state: PaymentIntentState): PaymentIntentDecision;
  evolve(state: PaymentIntentState, event: PaymentIntentEvent): PaymentIntentState;
}

/** Changes what the parts of each process tell each other. `make` is called once for each process. */
export function messages(make: (bus: Bus<Messages>) => Tampers): Sabotage {
  return {
    ports: (ports) => {
      const bus = ports.get(Bus) as Bus<Messages>;
      ports.set(Bus, new TamperedBus(bus, make(bus)));
    },
  };
}

class TamperedBus extends Bus<Messages> {
  constructor(
    private readonly inner: Bus<Messages>,
    private readonly tampers: Tampers,
  ) {
    super();
  }

  request<S extends Subject>(
    subject: S,
    asked: Messages[S]['request'],
    options?: RequestOptions,
  ): Promise<Messages[S]['reply']> {
    const send = (changed: Messages[S]['request']) => this.inner.request(subject, changed, options);
    const tamper = this.tampers[subject] as Tamper<S> | undefined;
    return tamper ? tamper(asked, send) : send(asked);
  }
}

/** Changes how payments are decided. */
export function payments(change: (decider: PaymentDecider) => Partial<PaymentDecider>): Sabotage {
  return {
    ports: (ports) => {
      const actors = new ActorRuntime(
        ports.get(EventStore) as EventStore,
        ports.get(Timers) as Timers,
      );
      const tell = actors.tell.bind(actors) as (
        definition: { category: string; decider: PaymentDecider },
        ...rest: unknown[]
      ) => unknown;
      const tampered: typeof tell = (definition, ...rest) => {
        if (definition.category !== 'payment_intent') return tell(definition, ...rest);
        const decider = { ...definition.decider, ...change(definition.decider) };
        return tell({ ...definition, decider }, ...rest);
      };
      ports.set(ActorRuntime, Object.assign(actors, { tell: tampered }));
    },
  };
}

/** Changes only what payments decide. */
export function decisions(
  change: (
    decide: PaymentDecider['decide'],
    command: PaymentIntentCommand,
    state: PaymentIntentState,
  ) => PaymentIntentDecision,
): Sabotage {
  return payments(({ decide }) => ({
    decide: (command, state) => change(decide, command, state),
  }));
}

/** Changes what handlers see of the deliveries of the log. */
export function deliveries(change: (delivery: Delivery) => Partial<Delivery> | void): Sabotage {
  return commands((command) => {
    if (!(command instanceof DeliveryCommand)) return;
    const { delivery } = command;
    const own = Object.fromEntries(
      Object.entries(change(delivery) ?? {}).map(([name, value]) => [name, { value }]),
    );
    Object.assign(command, { delivery: Object.create(delivery, own) as Delivery });
  });
}

/** The stream of each payment that is asked for gets another name. */
export function paymentIds(change: (id: string, nowMs: number) => string): Sabotage {
  return commands((command, clock) => {
    if (!(command instanceof ToPaymentIntent) || command.message.type !== 'RequestPayment') return;
    const id = change(command.id, clock.now());
    Object.assign(command, { id, message: { ...command.message, id } });
  });
}

function commands(change: (command: object, clock: Clock) => void): Sabotage {
  return {
    ports: (ports) => {
      const bus = ports.get(CommandBus) as CommandBus;
      const execute = bus.execute.bind(bus) as (command: object) => Promise<unknown>;
      const tampered = (command: object) => {
        change(command, ports.get(Clock) as Clock);
        return execute(command);
      };
      Object.assign(bus, { execute: tampered });
    },
  };
}

/** Changes whether somebody still may pay. `make` is called once for each process. */
export function authority(make: (now: Authority['now']) => Authority['now']): Sabotage {
  return {
    ports: (ports) => {
      const given = [ports.get(CommandBus) as CommandBus, ports.get(Clock) as Clock] as const;
      const real = new Authority(...given);
      ports.set(Authority, { now: make((...asked) => real.now(...asked)) });
    },
  };
}

/** Changes what processors are asked and answer. `make` is called once for each processor of each process. */
export function processors(make: (processor: Processor) => object): Sabotage {
  return {
    processor: (processor) => Object.assign(Object.create(processor) as Processor, make(processor)),
  };
}

/** Replaces what the sagas of a process remember on disk. */
export function sagaStore(make: (store: SagaStore) => SagaStore): Sabotage {
  return { ports: (ports) => ports.set(SagaStore, make(ports.get(SagaStore) as SagaStore)) };
}

/** Checkpoints on disk, timers in memory only. */
export class ForgetfulSagaStore extends MemorySagaStore {
  constructor(private readonly disk: SagaStore) {
    super();
  }

  override loadCheckpoint(): Checkpoint {
    return this.disk.loadCheckpoint();
  }

  override saveCheckpoint(checkpoint: Checkpoint): void {
    this.disk.saveCheckpoint(checkpoint);
  }
}

/** Takes the furthest position that was seen for the checkpoint, whatever is still open below it. */
export class HastySagaStore extends SagaStore {
  constructor(private readonly disk: SagaStore) {
    super();
  }

  loadCheckpoint(): Checkpoint {
    return this.disk.loadCheckpoint();
  }

  saveCheckpoint({ scannedTo }: Checkpoint): void {
    this.disk.saveCheckpoint({ low: scannedTo, scannedTo, open: [] });
  }

  addTimer(timer: DurableTimer): void {
    this.disk.addTimer(timer);
  }

  removeTimer(eventId: string): void {
    this.disk.removeTimer(eventId);
  }

  timersDueBy(nowMs: number): DurableTimer[] {
    return this.disk.timersDueBy(nowMs);
  }

  nextDueAfter(nowMs: number): number | null {
    return this.disk.nextDueAfter(nowMs);
  }
}

/** Both at once. */
export function together(...all: Sabotage[]): Sabotage {
  const changes = all.flatMap(({ ports }) => ports ?? []);
  const ports = (given: Ports, world: Parameters<NonNullable<Sabotage['ports']>>[1]) => {
    for (const change of changes) change(given, world);
  };
  return Object.assign({}, ...all, { ports }) as Sabotage;
}

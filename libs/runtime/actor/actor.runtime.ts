import type { Decider, SnapshotForm } from '#domain';
import type { EventStore } from '#event-store';
import type { Timers } from '#platform';
import type { SnapshotStore } from '../snapshot-store.port.js';
import type { ActorCounts } from './actor-counts.port.js';
import { Actor } from './actor.js';
import type { MessageMeta, Told } from './actor.messages.js';

/** One aggregate type: where its streams live and how its events are versioned. */
export interface ActorDefinition<Command, Event, State, Code extends string, Details> {
  /** The part of the stream name before the hyphen. */
  readonly category: string;
  readonly schemaVersion: number;
  readonly decider: Decider<Command, Event, State, Code, Details>;
  /** For streams that grow long. */
  readonly snapshot?: SnapshotForm<State>;
}

export interface ActorLimits {
  /** Commands waiting for one stream; above it a command is refused with OverloadedError. */
  mailboxMax: number;
  /** Commands decided and appended together. */
  batchMax: number;
  /** Actors kept in memory; idle ones beyond it are passivated, the longest unused first. */
  actorsMax: number;
}

const LIMITS: ActorLimits = { mailboxMax: 10_000, batchMax: 128, actorsMax: 2_000 };

/**
 * One mailbox per stream. The mailbox saves conflicts; what makes it right is the exact expected revision of every append,
 * so any number of processes may hold an actor of the same stream.
 */
export class ActorRuntime {
  private readonly actors = new Map<string, Actor<unknown, { type: string }, unknown>>();
  private readonly limits: ActorLimits;

  constructor(
    private readonly store: EventStore,
    private readonly timers: Timers,
    limits: Partial<ActorLimits> = {},
    private readonly snapshots: SnapshotStore | null = null,
    private readonly counts: ActorCounts | null = null,
  ) {
    this.limits = { ...LIMITS, ...limits };
  }

  /**
   * Decides and appends; resolves when the events are durable.
   * @throws OverloadedError, StoreUnavailableError, and ConcurrencyError when the stream stays contended.
   */
  tell<Command, Event extends { type: string }, State, Code extends string, Details>(
    definition: ActorDefinition<Command, Event, State, Code, Details>,
    id: string,
    command: Command,
    meta: MessageMeta,
  ): Promise<Told<Event, State, Code, Details>> {
    const stream = `${definition.category}-${id}`;
    const actor = this.actorOf(stream, definition as never);
    return actor.tell(command, meta) as Promise<Told<Event, State, Code, Details>>;
  }

  /** How many actors are in memory. */
  get size(): number {
    return this.actors.size;
  }

  private actorOf(
    stream: string,
    definition: ActorDefinition<unknown, { type: string }, unknown, string, unknown>,
  ): Actor<unknown, { type: string }, unknown> {
    let actor = this.actors.get(stream);
    if (actor) {
      // Re-inserting keeps the map in order of use.
      this.actors.delete(stream);
    } else {
      const { store, timers, limits, snapshots, counts } = this;
      actor = new Actor(stream, definition, { store, timers, limits, snapshots, counts });
      this.passivate();
    }
    this.actors.set(stream, actor);
    return actor;
  }

  private passivate(): void {
    for (const [stream, actor] of this.actors) {
      if (this.actors.size < this.limits.actorsMax) return;
      if (actor.idle) this.actors.delete(stream);
    }
  }
}

import { parse, v5 as uuidV5 } from 'uuid';
import {
  AppendTooLargeError,
  ConcurrencyError,
  type EventStore,
  InvalidEventError,
  type JsonObject,
  type NewEvent,
  type RecordedEvent,
  StoreUnavailableError,
  readWholeStream,
} from '#event-store';
import type { Timers } from '#platform';
import type { SnapshotStore } from '../snapshot-store.port.js';
import type { ActorCounts } from './actor-counts.port.js';
import { type MessageMeta, OverloadedError, type Told } from './actor.messages.js';
import type { ActorDefinition, ActorLimits } from './actor.runtime.js';

/** Namespace of our event ids (a random UUID, fixed for ever). */
const EVENT_IDS = parse('6f4c1c0e-6a0d-4f0e-9f5b-1a3f1d4b7c21');
const TRIES_MAX = 20;
const RETRY_DELAYS_MS = [10, 50, 250];

interface Letter<Command, Event, State> {
  command: Command;
  meta: MessageMeta;
  resolve: (told: Told<Event, State, string, unknown>) => void;
  reject: (reason: unknown) => void;
}

/** What an actor works with. */
interface Surroundings {
  readonly store: EventStore;
  readonly timers: Timers;
  readonly limits: ActorLimits;
  readonly snapshots: SnapshotStore | null;
  readonly counts: ActorCounts | null;
}

/** A stream as far as it was folded. */
interface Folded<State> {
  state: State;
  revision: number;
  /** Of the event at that revision. */
  eventId: string;
}

/** The single writer of one stream in this process. */
export class Actor<Command, Event extends { type: string }, State> {
  private readonly mailbox: Letter<Command, Event, State>[] = [];
  private running = false;
  private loaded = false;
  private state: State;
  private revision = -1;
  /** Of the last snapshot that was loaded or saved. */
  private snapshotRevision = -1;

  constructor(
    private readonly stream: string,
    private readonly definition: ActorDefinition<Command, Event, State, string, unknown>,
    private readonly by: Surroundings,
  ) {
    this.state = definition.decider.initial();
  }

  get idle(): boolean {
    return !this.running && this.mailbox.length === 0;
  }

  async tell(command: Command, meta: MessageMeta): Promise<Told<Event, State, string, unknown>> {
    if (this.mailbox.length >= this.by.limits.mailboxMax) throw new OverloadedError(this.stream);
    return new Promise((resolve, reject) => {
      this.mailbox.push({ command, meta, resolve, reject });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.mailbox.length > 0) {
      const batch = this.mailbox.splice(0, this.by.limits.batchMax);
      try {
        await this.handle(batch);
      } catch (error) {
        this.forget();
        // An event that cannot be stored is its own command's fault, not that of the commands beside it.
        if (batch.length > 1 && isUnstorable(error)) await this.handleOneByOne(batch);
        else for (const letter of batch) letter.reject(error);
      }
    }
    this.running = false;
  }

  private async handleOneByOne(batch: Letter<Command, Event, State>[]): Promise<void> {
    for (const letter of batch) {
      try {
        await this.handle([letter]);
      } catch (error) {
        this.forget();
        letter.reject(error);
      }
    }
  }

  /**
   * 1. Load the stream. 2. Decide the whole batch, and if that changes nothing, make sure that the stream is still the same. 3. Append at the exact revision. 4. Answer. 5. Now and then, save a snapshot.
   * A lost race starts again at 1.
   */
  private async handle(batch: Letter<Command, Event, State>[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const isKept = this.loaded;
      if (!isKept) await this.load();
      const expected = this.revision;
      const { answers, events } = this.decide(batch);
      // Without an append nothing shows that another process went on meanwhile.
      if (isKept && events.length === 0 && (await this.readOnward())) continue;
      try {
        const position = events.length > 0 ? await this.append(expected, events) : null;
        batch.forEach((letter, index) => {
          const told = answers[index] as Told<Event, State, string, unknown>;
          letter.resolve(told.ok ? { ...told, position } : told);
        });
        this.by.counts?.countCommands(batch.length);
        this.saveSnapshot(events.at(-1)?.id);
        return;
      } catch (error) {
        this.forget();
        if (!(error instanceof ConcurrencyError)) throw error;
        this.by.counts?.countConflict();
        if (tries >= TRIES_MAX) throw error;
      }
    }
  }

  private decide(batch: Letter<Command, Event, State>[]): {
    answers: Told<Event, State, string, unknown>[];
    events: NewEvent[];
  } {
    const { decide, evolve } = this.definition.decider;
    const events: NewEvent[] = [];
    const answers = batch.map(({ command, meta }): Told<Event, State, string, unknown> => {
      const decision = decide(command, this.state);
      if (!decision.ok) return { ...decision, state: this.state, revision: this.revision };
      decision.events.forEach((event, index) => {
        this.state = evolve(this.state, event);
        this.revision += 1;
        events.push(this.newEvent(event, meta, index));
      });
      const { state, revision } = this;
      const { events: own, details } = decision;
      return { ok: true, events: own, details, state, revision, position: null };
    });
    return { answers, events };
  }

  private newEvent(event: Event, meta: MessageMeta, index: number): NewEvent {
    const { commandId, correlationId, causationId, tenant, actor, extra } = meta;
    const { data } = event as unknown as { data: JsonObject };
    // With the content: two processes may decide the same command differently, at another time. A store takes equal ids
    // for the same append, and would let the second one believe that its own events are in the log.
    const name = `${commandId}/${index}/${JSON.stringify(data)}`;
    return {
      id: uuidV5(Buffer.from(name), EVENT_IDS),
      type: event.type,
      data,
      metadata: {
        ...extra,
        $correlationId: correlationId,
        $causationId: causationId,
        schemaVersion: this.definition.schemaVersion,
        tenant,
        actor,
      },
    };
  }

  /** When the outcome is in doubt the same append is sent again: the store recognises it by its ids. */
  private async append(expected: number, events: NewEvent[]): Promise<number> {
    for (let tries = 0; ; tries += 1) {
      try {
        const at = expected < 0 ? 'no_stream' : expected;
        return (await this.by.store.append(this.stream, at, events)).lastPosition;
      } catch (error) {
        const doubtful = error instanceof StoreUnavailableError && error.outcome === 'unknown';
        const delayMs = RETRY_DELAYS_MS[tries];
        if (!doubtful || delayMs === undefined) throw error;
        await new Promise<void>((resolve) => this.by.timers.after(delayMs, resolve));
      }
    }
  }

  private async load(): Promise<void> {
    const saved = this.loadSnapshot();
    const savedAt = saved?.revision ?? -1;
    const resumed = saved && (await this.readOn(saved));
    const folded = resumed ?? (await this.readFromStart());
    this.snapshotRevision = resumed ? savedAt : -1;
    this.state = folded.state;
    this.revision = folded.revision;
    this.loaded = true;
  }

  /** Whether there was something new. */
  private async readOnward(): Promise<boolean> {
    const from = this.revision + 1;
    const folded = { state: this.state, revision: this.revision, eventId: '' };
    for await (const recorded of readWholeStream(this.by.store, this.stream, from))
      this.fold(folded, recorded);
    this.state = folded.state;
    this.revision = folded.revision;
    return folded.revision >= from;
  }

  private async readFromStart(): Promise<Folded<State>> {
    const folded = { state: this.definition.decider.initial(), revision: -1, eventId: '' };
    for await (const recorded of readWholeStream(this.by.store, this.stream))
      this.fold(folded, recorded);
    return folded;
  }

  /** Null when the stream does not have the event that the snapshot was taken after: it belongs to another history. */
  private async readOn(saved: Folded<State>): Promise<Folded<State> | null> {
    let belongs = false;
    for await (const recorded of readWholeStream(this.by.store, this.stream, saved.revision)) {
      if (belongs) this.fold(saved, recorded);
      else if (recorded.id !== saved.eventId) return null;
      belongs = true;
    }
    return belongs ? saved : null;
  }

  private fold(folded: Folded<State>, recorded: RecordedEvent): void {
    folded.state = this.definition.decider.evolve(folded.state, recorded as unknown as Event);
    folded.revision = recorded.revision;
    folded.eventId = recorded.id;
  }

  /** Snapshots are disposable: one that cannot be read, or has another form, is as good as none. */
  private loadSnapshot(): Folded<State> | null {
    const { snapshot } = this.definition;
    if (!snapshot) return null;
    try {
      const saved = this.by.snapshots?.load(this.stream);
      if (saved?.version !== snapshot.version) return null;
      const { revision, eventId } = saved;
      return { state: snapshot.restore(saved.state), revision, eventId };
    } catch {
      return null;
    }
  }

  /** Right after an append, when nothing in the state is undecided; written when the answers are out, and given up when that fails. */
  private saveSnapshot(eventId: string | undefined): void {
    const { stream, revision, state } = this;
    const { snapshot } = this.definition;
    const { snapshots, timers } = this.by;
    if (!snapshot || !snapshots || eventId === undefined) return;
    if (revision - this.snapshotRevision < snapshot.every(state)) return;
    this.snapshotRevision = revision;
    const saved = { version: snapshot.version, revision, eventId, state: snapshot.save(state) };
    timers.after(0, () => {
      try {
        snapshots.save(stream, saved);
      } catch {
        // The next one is due soon enough, and until then the stream says it all.
      }
    });
  }

  private forget(): void {
    this.loaded = false;
  }
}

function isUnstorable(error: unknown): boolean {
  return error instanceof InvalidEventError || error instanceof AppendTooLargeError;
}

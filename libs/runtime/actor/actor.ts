import { v5 as uuidV5 } from 'uuid';
import {
  AppendTooLargeError,
  ConcurrencyError,
  type EventStore,
  InvalidEventError,
  type JsonObject,
  type NewEvent,
  StoreUnavailableError,
  readWholeStream,
} from '#event-store';
import type { Timers } from '#platform';
import { type MessageMeta, OverloadedError, type Told } from './actor.messages.js';
import type { ActorDefinition, ActorLimits } from './actor.runtime.js';

/** Namespace of our event ids (a random UUID, fixed for ever). */
const EVENT_IDS = '6f4c1c0e-6a0d-4f0e-9f5b-1a3f1d4b7c21';
const TRIES_MAX = 20;
const RETRY_DELAYS_MS = [10, 50, 250];

interface Letter<Command, Event, State> {
  command: Command;
  meta: MessageMeta;
  resolve: (told: Told<Event, State, string, unknown>) => void;
  reject: (reason: unknown) => void;
}

/** The single writer of one stream in this process. */
export class Actor<Command, Event extends { type: string }, State> {
  private readonly mailbox: Letter<Command, Event, State>[] = [];
  private running = false;
  private loaded = false;
  private state: State;
  private revision = -1;

  constructor(
    private readonly stream: string,
    private readonly definition: ActorDefinition<Command, Event, State, string, unknown>,
    private readonly store: EventStore,
    private readonly timers: Timers,
    private readonly limits: ActorLimits,
  ) {
    this.state = definition.decider.initial();
  }

  get idle(): boolean {
    return !this.running && this.mailbox.length === 0;
  }

  async tell(command: Command, meta: MessageMeta): Promise<Told<Event, State, string, unknown>> {
    if (this.mailbox.length >= this.limits.mailboxMax) throw new OverloadedError(this.stream);
    return new Promise((resolve, reject) => {
      this.mailbox.push({ command, meta, resolve, reject });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.mailbox.length > 0) {
      const batch = this.mailbox.splice(0, this.limits.batchMax);
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

  /** 1. Load the stream. 2. Decide the whole batch. 3. Append at the exact revision. 4. Answer. A lost race starts again at 1. */
  private async handle(batch: Letter<Command, Event, State>[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      if (!this.loaded) await this.load();
      const expected = this.revision;
      const { answers, events } = this.decide(batch);
      try {
        const position = events.length > 0 ? await this.append(expected, events) : null;
        batch.forEach((letter, index) => {
          const told = answers[index] as Told<Event, State, string, unknown>;
          letter.resolve(told.ok ? { ...told, position } : told);
        });
        return;
      } catch (error) {
        this.forget();
        if (!(error instanceof ConcurrencyError) || tries >= TRIES_MAX) throw error;
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
    return {
      id: uuidV5(`${commandId}/${index}`, EVENT_IDS),
      type: event.type,
      data: (event as unknown as { data: JsonObject }).data,
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
        return (await this.store.append(this.stream, at, events)).lastPosition;
      } catch (error) {
        const doubtful = error instanceof StoreUnavailableError && error.outcome === 'unknown';
        const delayMs = RETRY_DELAYS_MS[tries];
        if (!doubtful || delayMs === undefined) throw error;
        await new Promise<void>((resolve) => this.timers.after(delayMs, resolve));
      }
    }
  }

  private async load(): Promise<void> {
    const { initial, evolve } = this.definition.decider;
    let state = initial();
    let revision = -1;
    for await (const recorded of readWholeStream(this.store, this.stream)) {
      state = evolve(state, recorded as unknown as Event);
      revision = recorded.revision;
    }
    this.state = state;
    this.revision = revision;
    this.loaded = true;
  }

  private forget(): void {
    this.loaded = false;
  }
}

function isUnstorable(error: unknown): boolean {
  return error instanceof InvalidEventError || error instanceof AppendTooLargeError;
}

/** What a command carries besides itself; it ends up in the metadata of the events it causes. */
export interface MessageMeta {
  /** Event ids derive from it, so that an append that is repeated is the same append. */
  commandId: string;
  /** The flow: the same for everything one request leads to. */
  correlationId: string;
  /** The event that caused the command, or the command itself when a caller sent it. */
  causationId: string;
  tenant: string;
  /** Who: `agt_…`, a staff key, or the process that acts by itself. */
  actor: string;
  /** Further plain metadata, such as `traceparent`. */
  extra?: Record<string, string>;
}

interface Seen<State> {
  /** As of this decision. Belongs to the actor: read it at once, keep nothing of it across an `await`. */
  state: State;
  /** Revision of the stream's last event as of this decision; -1 when there is none. */
  revision: number;
}

/** The answer of an actor. `events` are the ones this command caused, durable; none when it was already so. */
export type Told<Event, State, Code extends string, Details> =
  | ({
      ok: true;
      events: readonly Event[];
      details?: Details;
      position: number | null;
    } & Seen<State>)
  | ({ ok: false; code: Code; details: Details } & Seen<State>);

/** The mailbox of a stream is full: nothing was done; try again later. */
export class OverloadedError extends Error {
  constructor(readonly stream: string) {
    super(`too many commands are waiting for ${stream}`);
    this.name = 'OverloadedError';
  }
}

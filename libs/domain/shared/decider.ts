/** What a decider answers: facts to record (none: already so), or a refusal by code. Never an exception. */
export type Decision<Event, Code extends string = string, Details = unknown> =
  | { readonly ok: true; readonly events: readonly Event[]; readonly details?: Details }
  | { readonly ok: false; readonly code: Code; readonly details: Details };

/**
 * An aggregate as three functions over plain data: total, no clock, no randomness, no waiting. `evolve` may change the state it
 * is given and returns what to go on with; whoever folds owns the state and hands out nothing of it across an `await`.
 */
export interface Decider<Command, Event, State, Code extends string = string, Details = unknown> {
  readonly initial: () => State;
  readonly decide: (command: Command, state: State) => Decision<Event, Code, Details>;
  readonly evolve: (state: State, event: Event) => State;
}

export function accepted<Event>(...events: Event[]): { ok: true; events: Event[] } {
  return { ok: true, events };
}

export function refused<Code extends string, Details = null>(
  code: Code,
  details: Details,
): { ok: false; code: Code; details: Details } {
  return { ok: false, code, details };
}

/** The folded state of a history. */
export function replay<Event, State>(
  decider: Pick<Decider<never, Event, State>, 'initial' | 'evolve'>,
  events: Iterable<Event>,
): State {
  let state = decider.initial();
  for (const event of events) state = decider.evolve(state, event);
  return state;
}

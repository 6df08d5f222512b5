import {
  type WebhookEndpointCommand,
  type WebhookTry,
  webhookEndpointDecider,
} from './webhook-endpoint.decider.js';
import type { WebhookEndpointEvent } from './webhook-endpoint.events.js';
import type { WebhookEndpointState } from './webhook-endpoint.state.js';

export const T0 = Date.parse('2026-03-01T12:00:00.000Z');
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const at = (afterMs: number): string => new Date(T0 + afterMs).toISOString();

export const by = (id: string, afterMs = 0) => ({
  nowMs: T0 + afterMs,
  tenant: 'tnt_1',
  agent: null as string | null,
  by: 'operator-1',
  operation: { id, request: {}, status: 200, body: `answer to ${id}` },
});

export const REGISTER: WebhookEndpointCommand = {
  type: 'RegisterWebhookEndpoint',
  ...by('register'),
  ...{ id: 'whe_1', url: 'https://x.example/', description: null, secret: 's1' },
};

/** One try of an event whose position is its number, which was due. */
export function tried(number: number, status: number | null, afterMs: number): WebhookTry {
  const facts = { event: `evt_${number}`, position: number, again: true, spread: 0.5 };
  const evidence = status === null ? 'timeout' : null;
  return { ...facts, atMs: T0 + afterMs, status, evidence, durationMs: 7 };
}

/** Recorded at the last of them. */
export function record(upTo: number | null, ...tries: WebhookTry[]): WebhookEndpointCommand {
  const nowMs = tries.at(-1)?.atMs ?? T0;
  return { type: 'RecordWebhookAttempts', upTo, tries, nowMs };
}

export interface After {
  state: WebhookEndpointState;
  history: WebhookEndpointEvent[];
  /** Of the last command. */
  events: readonly WebhookEndpointEvent[];
  types: string[];
  outcome: string;
  pointers: readonly string[] | undefined;
}

export function after(...commands: WebhookEndpointCommand[]): After {
  const { initial, decide, evolve } = webhookEndpointDecider;
  const history: WebhookEndpointEvent[] = [];
  let state = initial();
  let last: ReturnType<typeof decide> | undefined;
  for (const command of commands) {
    last = decide(command, state);
    for (const event of last.ok ? last.events : []) {
      history.push(event);
      state = evolve(state, event);
    }
  }
  const events = last?.ok ? last.events : [];
  return {
    ...{ state, history, events, types: events.map(({ type }) => type) },
    outcome: last?.ok ? 'accepted' : (last?.code ?? 'nothing'),
    pointers: last?.details?.pointers,
  };
}

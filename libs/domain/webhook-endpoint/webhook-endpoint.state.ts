import { type Answers, remember } from '../shared/operation.js';
import type {
  WebhookAttempt,
  WebhookDisabledReason,
  WebhookEndpointEvent,
} from './webhook-endpoint.events.js';

/** An event that is to be tried again. */
export interface OpenDelivery {
  readonly event: string;
  readonly position: number;
  /** Tries that failed. */
  readonly attempts: number;
  /** When the first of them was; null before it. */
  readonly since: string | null;
  readonly dueAt: string;
}

export interface WebhookSecret {
  readonly id: string;
  /** Null for the newest one. */
  readonly until: string | null;
}

export interface WebhookEndpointState {
  exists: boolean;
  id: string;
  tenant: string;
  agent: string | null;
  url: string;
  status: 'enabled' | 'disabled' | 'deleted';
  disabledReason: WebhookDisabledReason | null;
  /** The newest first. */
  secrets: readonly WebhookSecret[];
  /** Null before anything was tried. */
  upTo: number | null;
  open: Map<string, OpenDelivery>;
  /** Tries in a row that failed. */
  failures: number;
  /** When the first of them was. */
  failingSince: string | null;
  answers: Answers;
}

/** Secrets that may sign at the same time. */
const SECRETS_MAX = 4;
/** After so many failures in a row nothing new is tried, only what failed. */
const DOWN_AFTER = 10;
/** Events that may wait for another try; above it nothing new is tried. */
const OPEN_MAX = 1_000;

export function initialWebhookEndpoint(): WebhookEndpointState {
  return {
    ...{ exists: false, id: '', tenant: '', agent: null, url: '' },
    ...{ status: 'enabled', disabledReason: null, secrets: [], upTo: null },
    open: new Map(),
    ...{ failures: 0, failingSince: null },
    answers: new Map(),
  };
}

export function evolveWebhookEndpoint(
  state: WebhookEndpointState,
  event: WebhookEndpointEvent,
): WebhookEndpointState {
  switch (event.type) {
    case 'WebhookEndpointRegistered': {
      const { id, tenant, agent, url, secret } = event.data;
      const secrets = [{ id: secret, until: null }];
      return Object.assign(state, { exists: true, id, tenant, agent, url, secrets });
    }
    case 'WebhookSecretRotated': {
      const { secret, previousUntil } = event.data;
      const earlier = state.secrets.map(({ id, until }) => ({ id, until: until ?? previousUntil }));
      state.secrets = [{ id: secret, until: null }, ...earlier].slice(0, SECRETS_MAX);
      return state;
    }
    case 'WebhookEndpointEnabled':
      tryAgain(state, event.data.at, { attempts: 0, since: null });
      return Object.assign(state, {
        ...{ status: 'enabled', disabledReason: null, failures: 0, failingSince: null },
      });
    case 'WebhookEndpointDisabled':
      return Object.assign(state, { status: 'disabled', disabledReason: event.data.reason });
    case 'WebhookEndpointDeleted':
      state.open.clear();
      return Object.assign(state, { status: 'deleted', disabledReason: null });
    case 'WebhookResendRequested': {
      const { event: id, position, at } = event.data;
      const known = state.open.get(id) ?? { event: id, position, attempts: 0, since: null };
      state.open.set(id, { ...known, dueAt: at });
      return state;
    }
    case 'WebhookDeliveriesAttempted': {
      const { upTo, attempts } = event.data;
      for (const attempt of attempts) tried(state, attempt);
      if (upTo !== null) state.upTo = Math.max(state.upTo ?? upTo, upTo);
      return state;
    }
    case 'WebhookEndpointRecovered':
      tryAgain(state, event.data.at);
      return state;
    case 'OperationConcluded':
      remember(state.answers, event);
      return state;
    default:
      return state;
  }
}

function tried(state: WebhookEndpointState, attempt: WebhookAttempt): void {
  const { event, position, at, outcome, dueAt } = attempt;
  const known = state.open.get(event);
  if (dueAt === null) state.open.delete(event);
  else if (outcome === 'failed') {
    const since = known?.since ?? at;
    state.open.set(event, { event, position, attempts: attempt.attempt, since, dueAt });
  }
  if (outcome === 'delivered') {
    state.failures = 0;
    state.failingSince = null;
  } else {
    state.failures += 1;
    state.failingSince ??= at;
  }
}

/** Whatever waits for its next try waits no longer. */
function tryAgain(
  { open }: WebhookEndpointState,
  dueAt: string,
  anew: Partial<OpenDelivery> = {},
): void {
  for (const [id, delivery] of open) open.set(id, { ...delivery, ...anew, dueAt });
}

export function isDown({ failures }: WebhookEndpointState): boolean {
  return failures >= DOWN_AFTER;
}

/** Whether another event may be put among those that are open. */
export function hasRoom({ open }: WebhookEndpointState): boolean {
  return open.size < OPEN_MAX;
}

/** The secrets that sign now, the newest first. */
export function signingSecrets({ secrets }: WebhookEndpointState, now: string): string[] {
  return secrets.filter(({ until }) => until === null || now < until).map(({ id }) => id);
}

/** What is to be done for an endpoint. */
export interface WebhookDuties {
  readonly status: WebhookEndpointState['status'];
  readonly upTo: number | null;
  /** Whether events that were never tried are to be tried now. */
  readonly takesNew: boolean;
  /** The next ones to be tried again, the earliest first. */
  readonly due: readonly Pick<OpenDelivery, 'event' | 'position' | 'dueAt'>[];
}

/** `limit`: of what is to be tried again. */
export function webhookDuties(state: WebhookEndpointState, limit: number): WebhookDuties {
  const { status, upTo, open } = state;
  const next = [...open.values()].sort(
    (one, other) => compare(one.dueAt, other.dueAt) || one.position - other.position,
  );
  const due = next
    .slice(0, limit)
    .map(({ event, position, dueAt }) => ({ event, position, dueAt }));
  const takesNew = hasRoom(state) && (!isDown(state) || open.size === 0);
  return { status, upTo, takesNew: status === 'enabled' && takesNew, due };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

import { type Decider, type Decision, accepted, refused } from '../shared/decider.js';
import { type Operation, concluded, repeatedOperation } from '../shared/operation.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import { WEBHOOK_PATIENCE_MS, nextTryMs } from './retry-schedule.js';
import type {
  WebhookAttempt,
  WebhookDisabledReason,
  WebhookEndpointEvent,
} from './webhook-endpoint.events.js';
import {
  type WebhookEndpointState,
  evolveWebhookEndpoint,
  hasRoom,
  initialWebhookEndpoint,
  isDown,
} from './webhook-endpoint.state.js';

/** How long the secret before signs as well. */
export const WEBHOOK_SECRET_OVERLAP_MS = 86_400_000;

interface ByCaller {
  nowMs: number;
  tenant: string;
  /** An agent has to do with its own endpoints only; null: with all of the tenant. */
  agent: string | null;
  /** The principal who asks. */
  by: string;
  operation: Operation;
}

/** What came of one try. `spread`: from 0 to 1, see `nextTryMs`. */
export interface WebhookTry {
  event: string;
  position: number;
  /** Whether it was tried because it was due; otherwise it was new, as far as whoever tried it knew. */
  again: boolean;
  atMs: number;
  status: number | null;
  evidence: string | null;
  durationMs: number;
  spread: number;
}

export type WebhookEndpointCommand =
  | (ByCaller & {
      type: 'RegisterWebhookEndpoint';
      id: string;
      url: string;
      description: string | null;
      secret: string;
    })
  | (ByCaller & { type: 'RotateWebhookSecret'; secret: string })
  | (ByCaller & { type: 'EnableWebhookEndpoint' })
  | (ByCaller & { type: 'DisableWebhookEndpoint' })
  | (ByCaller & { type: 'DeleteWebhookEndpoint' })
  | (ByCaller & { type: 'ResendWebhook'; event: string; position: number })
  | {
      type: 'RecordWebhookAttempts';
      /** Null: as before. */
      upTo: number | null;
      /** As they came out. */
      tries: readonly WebhookTry[];
      nowMs: number;
    }
  /** Changes nothing: the answer's state says how the endpoint stands. */
  | { type: 'InspectWebhookEndpoint' };

export type WebhookEndpointRefusal = 'not_found' | 'invalid_transition' | 'idempotency_key_reused';
type Details = { pointers: readonly string[] };
type WebhookDecision = Decision<WebhookEndpointEvent, WebhookEndpointRefusal, Details>;
type Caller = Extract<WebhookEndpointCommand, ByCaller>;
type Recording = Extract<WebhookEndpointCommand, { type: 'RecordWebhookAttempts' }>;

/** Somewhere that the events of an agent's payments, or of a tenant's, are sent to. */
export const webhookEndpointDecider: Decider<
  WebhookEndpointCommand,
  WebhookEndpointEvent,
  WebhookEndpointState,
  WebhookEndpointRefusal,
  Details
> = { initial: initialWebhookEndpoint, decide, evolve: evolveWebhookEndpoint };

function decide(command: WebhookEndpointCommand, state: WebhookEndpointState): WebhookDecision {
  if (command.type === 'InspectWebhookEndpoint') return state.exists ? accepted() : no('not_found');
  if (command.type === 'RecordWebhookAttempts') {
    const isThere = state.exists && state.status !== 'deleted';
    return isThere ? accepted(...recorded(command, state)) : no('not_found');
  }
  return decideForCaller(command, state);
}

function decideForCaller(command: Caller, state: WebhookEndpointState): WebhookDecision {
  const pointers = repeatedOperation(state.answers, command.operation);
  if (pointers?.length) return refused('idempotency_key_reused', { pointers });
  if (pointers) return accepted();
  const at = toRfc3339(command.nowMs);
  const { by, agent } = command;
  const record = (...events: WebhookEndpointEvent[]) =>
    accepted(...events, concluded(command.operation, at));
  if (command.type === 'RegisterWebhookEndpoint') {
    if (state.exists) return no('invalid_transition');
    const { id, tenant, url, description, secret } = command;
    const data = { id, tenant, agent, url, description, secret, by, at };
    return record({ type: 'WebhookEndpointRegistered', data });
  }
  const isTheirs =
    state.exists &&
    state.status !== 'deleted' &&
    state.tenant === command.tenant &&
    (agent === null || agent === state.agent);
  if (!isTheirs) return no('not_found');
  switch (command.type) {
    case 'RotateWebhookSecret': {
      const { secret, nowMs } = command;
      const previousUntil = toRfc3339(nowMs + WEBHOOK_SECRET_OVERLAP_MS);
      return record({ type: 'WebhookSecretRotated', data: { secret, previousUntil, by, at } });
    }
    case 'EnableWebhookEndpoint':
      if (state.status === 'enabled') return record();
      return record({ type: 'WebhookEndpointEnabled', data: { by, at } });
    case 'DisableWebhookEndpoint':
      if (state.disabledReason === 'requested') return record();
      return record({ type: 'WebhookEndpointDisabled', data: { reason: 'requested', by, at } });
    case 'DeleteWebhookEndpoint':
      return record({ type: 'WebhookEndpointDeleted', data: { by, at } });
    case 'ResendWebhook': {
      const { event, position } = command;
      const isPossible = state.status === 'enabled' && (hasRoom(state) || state.open.has(event));
      if (!isPossible) return no('invalid_transition');
      return record({ type: 'WebhookResendRequested', data: { event, position, by, at } });
    }
  }
}

function recorded(
  { upTo, tries, nowMs }: Recording,
  state: WebhookEndpointState,
): WebhookEndpointEvent[] {
  const isFurther = upTo !== null && (state.upTo === null || upTo > state.upTo);
  if (tries.length === 0 && !isFurther) return [];
  const at = toRfc3339(nowMs);
  const reason = state.status === 'enabled' ? reasonToDisable(tries, state) : null;
  const attempts = tries.map((each) => attemptOf(each, state, reason !== null));
  const events: WebhookEndpointEvent[] = [
    { type: 'WebhookDeliveriesAttempted', data: { upTo, attempts, at } },
  ];
  if (reason) events.push({ type: 'WebhookEndpointDisabled', data: { reason, by: null, at } });
  else if (isDown(state) && tries.some(isDelivered))
    events.push({ type: 'WebhookEndpointRecovered', data: { at } });
  return events;
}

/**
 * What an endpoint that is disabled has open waits until it is enabled, however long it was tried. What somebody wanted again stays due
 * when it arrives as a new event: that was on its way before.
 */
function attemptOf(
  each: WebhookTry,
  { open }: WebhookEndpointState,
  isDisabled: boolean,
): WebhookAttempt {
  const { event, position, again, atMs, status, evidence, durationMs, spread } = each;
  const known = open.get(event);
  const attempt = (known?.attempts ?? 0) + 1;
  const at = toRfc3339(atMs);
  const facts = { event, position, attempt, status, evidence, durationMs, at };
  if (isDelivered(each)) {
    const dueAt = again ? null : (known?.dueAt ?? null);
    return { ...facts, outcome: 'delivered', dueAt };
  }
  const sinceMs = known?.since ? toEpochMs(known.since) : atMs;
  const dueMs = isDisabled ? atMs : nextTryMs(sinceMs, atMs, attempt, spread);
  return dueMs === null
    ? { ...facts, outcome: 'abandoned', dueAt: null }
    : { ...facts, outcome: 'failed', dueAt: toRfc3339(dueMs) };
}

function reasonToDisable(
  tries: readonly WebhookTry[],
  state: WebhookEndpointState,
): WebhookDisabledReason | null {
  let sinceMs = state.failingSince === null ? null : toEpochMs(state.failingSince);
  for (const each of tries) {
    if (each.status === 410) return 'gone';
    if (isDelivered(each)) sinceMs = null;
    else sinceMs ??= each.atMs;
    if (sinceMs !== null && each.atMs - sinceMs >= WEBHOOK_PATIENCE_MS) return 'failing';
  }
  return null;
}

function isDelivered({ status }: WebhookTry): boolean {
  return status !== null && status >= 200 && status <= 299;
}

function no(code: WebhookEndpointRefusal): WebhookDecision {
  return refused(code, { pointers: [] });
}

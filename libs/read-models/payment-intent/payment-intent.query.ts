import { type Messages, renderEvent, renderExplanation, renderPaymentIntent } from '#contracts';
import {
  type AttemptFacts,
  type JsonRecord,
  type PaymentIntentEvent,
  openAttempt,
  toEpochMs,
} from '#domain';
import type { EventStore } from '#event-store';
import { type PaymentHistory, foldPayment, readPayment } from './payment-intent.reader.js';

/** These read the payment's own stream and no projection: what they say is as of the moment of asking. */

interface Whose {
  tenant: string;
  /** Null for people, who see all of their tenant. */
  agent: string | null;
  id: string;
}

type EventsRequest = Messages['queries.payment_intent.events']['request'];

/** The resource, or null when there is none or it is somebody else's. */
export async function paymentIntent(store: EventStore, whose: Whose): Promise<JsonRecord | null> {
  const history = await visiblePayment(store, whose);
  return history && renderPaymentIntent(history.state);
}

export async function paymentExplanation(
  store: EventStore,
  whose: Whose,
): Promise<JsonRecord | null> {
  const history = await visiblePayment(store, whose);
  return history && renderExplanation(history.events as unknown as PaymentIntentEvent[]);
}

/**
 * `{ data, next_cursor }`: one page of events from a revision on. With `asOf` only what the log had recorded by that instant,
 * and `state`: the resource as it was then, null before its beginning. `next_cursor` is the revision that the next page begins with.
 */
export async function paymentEvents(
  store: EventStore,
  { tenant, id, fromRevision, asOf, limit }: EventsRequest,
): Promise<JsonRecord | null> {
  const history = await visiblePayment(store, { tenant, agent: null, id });
  if (!history) return null;
  const untilMs = asOf === null ? Infinity : toEpochMs(asOf);
  const known = history.events.filter(({ recordedAt }) => toEpochMs(recordedAt) <= untilMs);
  const rest = known.filter(({ revision }) => revision >= fromRevision);
  const state = foldPayment(known);
  const next = rest[limit];
  return {
    data: rest.slice(0, limit).map(renderEvent),
    next_cursor: next ? String(next.revision) : null,
    ...(asOf !== null && { state: state.exists ? renderPaymentIntent(state) : null }),
  };
}

/** The operation whose outcome is open; null when there is none. */
export async function pendingOperation(
  store: EventStore,
  { id, refund }: { id: string; refund: string | null },
): Promise<AttemptFacts | null> {
  const history = await readPayment(store, id);
  return history && openAttempt(history.state, refund);
}

/** Whether the payment is over and moved no money. */
export async function endedWithoutMoney(store: EventStore, id: string): Promise<boolean> {
  const history = await readPayment(store, id);
  if (!history) return false;
  const { concludedAt, amountCapturedMinor } = history.state;
  return concludedAt !== null && amountCapturedMinor === 0;
}

async function visiblePayment(
  store: EventStore,
  { tenant, agent, id }: Whose,
): Promise<PaymentHistory | null> {
  const history = await readPayment(store, id);
  const isVisible =
    history?.state.tenant === tenant && (agent === null || history.state.agent === agent);
  return isVisible ? history : null;
}

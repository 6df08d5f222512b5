import {
  INITIAL_PAYMENT_INTENT,
  type PaymentIntentEvent,
  type PaymentIntentState,
  evolvePaymentIntent,
} from '#domain';
import { type EventStore, type RecordedEvent, readWholeStream } from '#event-store';

/** Ids as Bursar makes them; anything else names no stream. */
const ID = /^(?:pi_)?([0-9a-z]{1,64})$/;

/** A payment's history and what it comes to. */
export interface PaymentHistory {
  events: RecordedEvent[];
  state: PaymentIntentState;
}

/** Straight from the stream, with or without `pi_` before the id. Null when there is no such payment. */
export async function readPayment(store: EventStore, id: string): Promise<PaymentHistory | null> {
  const name = ID.exec(id)?.[1];
  if (name === undefined) return null;
  const events: RecordedEvent[] = [];
  for await (const event of readWholeStream(store, `payment_intent-${name}`)) events.push(event);
  const state = foldPayment(events);
  return state.exists ? { events, state } : null;
}

export function foldPayment(events: readonly RecordedEvent[]): PaymentIntentState {
  let state = INITIAL_PAYMENT_INTENT;
  for (const event of events)
    state = evolvePaymentIntent(state, event as unknown as PaymentIntentEvent);
  return state;
}

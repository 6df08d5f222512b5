import { type PaymentFacts, paymentFacts, renderWorldEvent, worldEventType } from '#contracts';
import type { PaymentIntentEvent } from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Projection, ReadModelWriter } from '#runtime/projection';
import { eventOf, publicId } from '../recorded.js';

interface PaymentRow {
  facts: string;
  events: number;
}

/**
 * What the world is told, numbered per payment. The numbers come from nothing but the order of the log, so that every replica and
 * every rebuild gives the same.
 */
export const worldEventsProjection: Projection = {
  name: 'world_events',
  version: 1,
  tables: `
    CREATE TABLE world_events (
      -- Of the recorded event, in the log.
      position INTEGER PRIMARY KEY,
      -- evt_…
      id TEXT NOT NULL,
      tenant TEXT NOT NULL,
      agent TEXT NOT NULL,
      type TEXT NOT NULL,
      -- The event as JSON, the bytes that the world gets.
      body TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX world_events_by_id ON world_events (id);
    CREATE INDEX world_events_by_tenant ON world_events (tenant, position);
    CREATE INDEX world_events_by_agent ON world_events (tenant, agent, position);
    CREATE TABLE world_event_payments (
      payment_intent TEXT PRIMARY KEY,
      -- What each of its events says about it, as JSON.
      facts TEXT NOT NULL,
      -- How many there are.
      events INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,
  project(db, recorded) {
    const event = eventOf('payment_intent', recorded);
    if (!event) return;
    const payment = publicId(recorded.stream);
    if (event.type === 'PaymentIntentRequested')
      db.run(
        'INSERT INTO world_event_payments (payment_intent, facts, events) VALUES (?, ?, 0)',
        payment,
        JSON.stringify(paymentFacts(event.data)),
      );
    tell(db, event, recorded, payment);
  },
};

function tell(
  db: ReadModelWriter,
  event: PaymentIntentEvent,
  { id: recordedId, position }: RecordedEvent,
  payment: string,
): void {
  const type = worldEventType(event.type);
  if (type === null) return;
  const row = db.get<PaymentRow>(
    'SELECT facts, events FROM world_event_payments WHERE payment_intent = ?',
    payment,
  );
  // Its beginning could not be digested, which was reported then.
  if (!row) return;
  const facts = JSON.parse(row.facts) as PaymentFacts;
  const sequence = row.events + 1;
  const told = renderWorldEvent(type, event, { recordedId, payment, facts, sequence });
  db.run(
    'INSERT INTO world_events (position, id, tenant, agent, type, body) VALUES (?, ?, ?, ?, ?, ?)',
    ...[position, told.id, facts.tenant, facts.agent, type, JSON.stringify(told)],
  );
  db.run(
    'UPDATE world_event_payments SET events = ? WHERE payment_intent = ?',
    ...[sequence, payment],
  );
}

import type { ParkedDeliveryEvent, PaymentIntentEvent } from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Projection, ReadModelWriter } from '#runtime/projection';
import { eventOf, publicId, tenantOf } from '../recorded.js';

/** What waits for a human: payments whose outcome nobody could learn or that contradict themselves, and events no saga could handle. */
export const parkedProjection: Projection = {
  name: 'parked',
  version: 1,
  tables: `
    CREATE TABLE parked (
      key TEXT PRIMARY KEY,
      id TEXT NOT NULL,
      tenant TEXT NOT NULL,
      kind TEXT NOT NULL,
      payment_intent TEXT,
      reason TEXT NOT NULL,
      detail TEXT NOT NULL,
      -- How often it was tried; only for deliveries.
      tries INTEGER,
      parked_at TEXT NOT NULL,
      position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX parked_by_position ON parked (tenant, position)`,
  project(db, recorded) {
    const payment = eventOf('payment_intent', recorded);
    if (payment) return projectPayment(db, payment, recorded);
    const delivery = eventOf('parked_delivery', recorded);
    if (delivery) projectDelivery(db, delivery, recorded);
  },
};

/** An operator looks again, the outcome came after all, or the payment ended. */
const UNPARKING: ReadonlySet<string> = new Set<PaymentIntentEvent['type']>([
  'PaymentUnparked',
  'PaymentAuthorized',
  'AttemptDeclined',
  'AttemptNotExecuted',
  'AttemptFenced',
  'PaymentCaptured',
  'CaptureDeclined',
  'AuthorizationVoided',
  'PaymentSucceeded',
  'PaymentFailed',
]);

function projectPayment(
  db: ReadModelWriter,
  event: PaymentIntentEvent,
  recorded: RecordedEvent,
): void {
  const { stream } = recorded;
  if (UNPARKING.has(event.type)) return unpark(db, stream);
  if (event.type !== 'PaymentParked' && event.type !== 'OutcomeContradicted') return;
  const id = publicId(stream);
  const tenant = tenantOf(recorded);
  const { number, at } = event.data;
  const row = { id, tenant, kind: 'payment_intent', paymentIntent: id, tries: null, at };
  if (event.type === 'PaymentParked') {
    const { reason } = event.data;
    park(db, recorded, { ...row, key: stream, reason, detail: `attempt ${number}` });
  } else {
    const { recorded: before, reported } = event.data;
    const detail = `attempt ${number}: recorded ${before}, reported ${reported}`;
    const key = `${stream}/contradicted/${number}`;
    park(db, recorded, { ...row, key, reason: 'outcome_contradicted', detail });
  }
}

function projectDelivery(
  db: ReadModelWriter,
  event: ParkedDeliveryEvent,
  recorded: RecordedEvent,
): void {
  switch (event.type) {
    case 'DeliveryParked': {
      const { stream, eventType, error, tries, tenant, at } = event.data;
      park(db, recorded, {
        key: recorded.stream,
        id: publicId(recorded.stream),
        tenant,
        kind: 'delivery',
        paymentIntent: stream.startsWith('payment_intent-') ? publicId(stream) : null,
        reason: 'delivery_failed',
        detail: `${eventType}: ${error}`,
        tries,
        at,
      });
      return;
    }
    // What fails again is parked again.
    case 'DeliveryRetried':
    case 'DeliveryResolved':
      unpark(db, recorded.stream);
  }
}

interface Parked {
  key: string;
  id: string;
  tenant: string;
  kind: string;
  paymentIntent: string | null;
  reason: string;
  detail: string;
  tries: number | null;
  at: string;
}

function park(db: ReadModelWriter, { position }: RecordedEvent, parked: Parked): void {
  const { key, id, tenant, kind, paymentIntent, reason, detail, tries, at } = parked;
  db.run(
    `INSERT OR REPLACE INTO parked
     (key, id, tenant, kind, payment_intent, reason, detail, tries, parked_at, position)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[key, id, tenant, kind, paymentIntent, reason, detail, tries, at, position],
  );
}

function unpark(db: ReadModelWriter, key: string): void {
  db.run('DELETE FROM parked WHERE key = ?', key);
}

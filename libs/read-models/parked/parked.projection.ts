import type { ParkedDeliveryEvent, PaymentIntentEvent, PaymentIntentEventData } from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Projection, ReadModelWriter } from '#runtime/projection';
import { eventOf, publicId, tenantOf } from '../recorded.js';

/** What waits for a human: payments whose outcome nobody could learn or that contradict themselves, and events no saga could handle. */
export const parkedProjection: Projection = {
  name: 'parked',
  version: 4,
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
    CREATE INDEX parked_by_position ON parked (tenant, position);
    CREATE INDEX parked_by_id ON parked (id)`,
  project(db, recorded) {
    const payment = eventOf('payment_intent', recorded);
    if (payment) return projectPayment(db, payment, recorded);
    const delivery = eventOf('parked_delivery', recorded);
    if (delivery) projectDelivery(db, delivery, recorded);
  },
};

/** What became of the attempt's own call is known after all. */
const SETTLES_CALL: ReadonlySet<string> = new Set<PaymentIntentEvent['type']>([
  'PaymentAuthorized',
  'AttemptDeclined',
  'AttemptNotExecuted',
  'AttemptFenced',
  'PaymentCaptured',
  'CaptureDeclined',
  'AuthorizationVoided',
]);
const CONTRADICTED = 'outcome_contradicted';

/** A call, each refund and the reservation of a payment wait by themselves; an operator looks at all of them at once. */
function projectPayment(
  db: ReadModelWriter,
  event: PaymentIntentEvent,
  recorded: RecordedEvent,
): void {
  const settled = settledBy(event, recorded.stream);
  if (settled !== null) unpark(db, settled);
  else if (event.type === 'PaymentUnparked') unparkAll(db, publicId(recorded.stream));
  else if (event.type === 'PaymentParked') parkPayment(db, event.data, recorded);
  else if (event.type === 'OutcomeContradicted') parkContradiction(db, event.data, recorded);
}

/** What needs no human any more; null when that is nothing. */
function settledBy(event: PaymentIntentEvent, stream: string): string | null {
  if (SETTLES_CALL.has(event.type)) return stream;
  if (event.type === 'ReservationConfirmed' || event.type === 'ReservationReleased')
    return reservationKey(stream);
  const isAboutRefund =
    event.type === 'RefundAccepted' ||
    event.type === 'RefundSucceeded' ||
    event.type === 'RefundFailed';
  return isAboutRefund ? refundKey(stream, event.data.refund) : null;
}

function parkContradiction(
  db: ReadModelWriter,
  { number, recorded: before, reported, at }: PaymentIntentEventData<'OutcomeContradicted'>,
  recorded: RecordedEvent,
): void {
  const detail = `attempt ${number}: recorded ${before}, reported ${reported}`;
  const key = `${recorded.stream}/contradicted/${number}`;
  park(db, recorded, { ...aboutPayment(recorded, at), key, reason: CONTRADICTED, detail });
}

function parkPayment(
  db: ReadModelWriter,
  { number, refund, reason, at }: PaymentIntentEventData<'PaymentParked'>,
  recorded: RecordedEvent,
): void {
  const { stream } = recorded;
  const row = { ...aboutPayment(recorded, at), reason };
  if (refund !== undefined)
    park(db, recorded, { ...row, key: refundKey(stream, refund), detail: `refund rf_${refund}` });
  else if (number === null)
    park(db, recorded, { ...row, key: reservationKey(stream), detail: 'the merchant' });
  else park(db, recorded, { ...row, key: stream, detail: `attempt ${number}` });
}

function aboutPayment(recorded: RecordedEvent, at: string) {
  const id = publicId(recorded.stream);
  const tenant = tenantOf(recorded);
  return { id, tenant, kind: 'payment_intent', paymentIntent: id, tries: null, at };
}

function refundKey(stream: string, refund: string): string {
  return `${stream}/refund/${refund}`;
}

function reservationKey(stream: string): string {
  return `${stream}/reservation`;
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

/** What a payment says against itself stays until a human has dealt with it. */
function unparkAll(db: ReadModelWriter, id: string): void {
  db.run(
    `DELETE FROM parked WHERE id = ? AND kind = 'payment_intent' AND reason <> ?`,
    id,
    CONTRADICTED,
  );
}

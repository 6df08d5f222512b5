import type { Projection } from '#runtime/projection';
import type { PaymentIntentEventType, PaymentStatus } from '#domain';
import { eventOf, publicId } from '../recorded.js';

/** The events that change it, as the payment's own fold has it. */
const STATUS_AFTER: Readonly<Partial<Record<PaymentIntentEventType, PaymentStatus>>> = {
  ApprovalRequested: 'requires_approval',
  ApprovalGranted: 'processing',
  ApprovalDenied: 'processing',
  ApprovalExpired: 'processing',
  BuyerActionRequired: 'requires_action',
  BuyerActionExpired: 'processing',
  PaymentAuthorized: 'processing',
  AttemptDeclined: 'processing',
  AttemptFenced: 'processing',
  CaptureAwaited: 'requires_capture',
  CaptureRequested: 'processing',
  AuthorizationExpired: 'processing',
  VoidStarted: 'processing',
  PaymentSucceeded: 'succeeded',
  PaymentFailed: 'failed',
  PaymentCanceled: 'canceled',
};

/**
 * Which payments there are, by what lists are filtered and ordered by. Everything else about a payment is in its stream:
 * keeping a second copy of it here would be written ten times per payment and read hardly ever.
 */
export const paymentStatusProjection: Projection = {
  name: 'payment_status',
  version: 3,
  tables: `
    CREATE TABLE payment_status (
      id TEXT PRIMARY KEY,
      tenant TEXT NOT NULL,
      agent TEXT NOT NULL,
      payee TEXT NOT NULL,
      status TEXT NOT NULL,
      created_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX payment_status_by_time ON payment_status (tenant, created_at, id);
    CREATE INDEX payment_status_by_agent ON payment_status (tenant, agent, created_at, id);
    CREATE INDEX payment_status_by_payee ON payment_status (tenant, payee, created_at, id);
    CREATE INDEX payment_status_by_status ON payment_status (tenant, status, created_at, id)`,
  project(db, recorded) {
    const event = eventOf('payment_intent', recorded);
    if (event?.type === 'PaymentIntentRequested') {
      const { tenant, agent, request, at } = event.data;
      const { id: payee } = request['payee'] as { id: string };
      db.run(
        `INSERT INTO payment_status (id, tenant, agent, payee, status, created_at) VALUES (?, ?, ?, ?, 'processing', ?)`,
        ...[publicId(recorded.stream), tenant, agent, payee, at],
      );
    }
    const status = event && STATUS_AFTER[event.type];
    if (status)
      db.run(
        'UPDATE payment_status SET status = ? WHERE id = ?',
        status,
        publicId(recorded.stream),
      );
  },
};

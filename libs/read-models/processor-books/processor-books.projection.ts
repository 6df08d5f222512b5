import {
  type BookedState,
  type PaymentIntentEvent,
  type PaymentIntentEventData,
  type PaymentIntentEventType,
  toEpochMs,
} from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Projection, ReadModelWriter } from '#runtime/projection';
import { eventOf, publicId, tenantOf } from '../recorded.js';

/**
 * What each processor must have on its books, as far as we recorded it: attempts and refunds, of all tenants, because an account at a
 * processor is theirs together. And up to when the books were compared.
 */
export const processorBooksProjection: Projection = {
  name: 'processor_books',
  version: 1,
  tables: `
    CREATE TABLE processor_books (
      key TEXT PRIMARY KEY,
      subject TEXT NOT NULL,
      tenant TEXT NOT NULL,
      payment TEXT NOT NULL,
      -- The attempt, and for a refund the operation that asked for it.
      number INTEGER NOT NULL,
      refund TEXT,
      processor TEXT NOT NULL,
      reference TEXT,
      state TEXT NOT NULL,
      amount INTEGER NOT NULL,
      currency TEXT NOT NULL,
      open INTEGER NOT NULL,
      -- Epoch milliseconds.
      began INTEGER NOT NULL,
      known INTEGER,
      changed INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX processor_books_by_time ON processor_books (processor, began, key);
    CREATE INDEX processor_books_by_reference ON processor_books (processor, reference);
    CREATE INDEX processor_books_by_payment ON processor_books (payment, number, refund);
    CREATE TABLE processor_reconciliations (
      processor TEXT PRIMARY KEY,
      reached TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`,
  project(db, recorded) {
    const event = eventOf('payment_intent', recorded);
    if (event) return projectPayment(db, event, recorded);
    const account = eventOf('processor_account', recorded);
    if (account?.type !== 'ReconciliationCompleted') return;
    db.run(
      'INSERT OR REPLACE INTO processor_reconciliations (processor, reached) VALUES (?, ?)',
      account.data.processor,
      account.data.to,
    );
  },
};

interface Change {
  state?: BookedState;
  open?: 0 | 1;
  /** The processor has it: from now on at the latest. */
  isKnown?: true;
}

const CHARGE_CHANGES: Partial<Record<PaymentIntentEventType, Change>> = {
  AttemptPrepared: { isKnown: true },
  BuyerActionRequired: { isKnown: true },
  PaymentAuthorized: { isKnown: true, state: 'held', open: 0 },
  AttemptDeclined: { state: 'none', open: 0 },
  AttemptNotExecuted: { state: 'none', open: 0 },
  AttemptFenced: { state: 'none', open: 0 },
  CaptureStarted: { open: 1 },
  VoidStarted: { open: 1 },
  PaymentCaptured: { isKnown: true, state: 'captured', open: 0 },
  AuthorizationVoided: { state: 'voided', open: 0 },
};
const REFUND_CHANGES: Partial<Record<PaymentIntentEventType, Change>> = {
  RefundAccepted: { isKnown: true },
  RefundSucceeded: { isKnown: true, state: 'returned', open: 0 },
  RefundFailed: { state: 'failed', open: 0 },
};

function projectPayment(
  db: ReadModelWriter,
  event: PaymentIntentEvent,
  recorded: RecordedEvent,
): void {
  const payment = publicId(recorded.stream);
  if (event.type === 'AttemptStarted')
    return begin(db, recorded, event.data.at, { ...event.data, subject: 'charge', refund: null });
  if (event.type === 'RefundStarted') return beginRefund(db, recorded, event.data);
  const facts = event.data as Facts;
  const ofCharge = CHARGE_CHANGES[event.type];
  if (ofCharge) {
    const which = 'payment = ? AND number = ? AND refund IS NULL';
    return update(db, facts, ofCharge, which, payment, facts.number ?? 0);
  }
  const ofRefund = REFUND_CHANGES[event.type];
  if (ofRefund)
    update(db, facts, ofRefund, 'payment = ? AND refund = ?', payment, facts.refund ?? '');
}

interface Beginning {
  subject: 'charge' | 'refund';
  key: string;
  number: number;
  refund: string | null;
  processor: string;
  amountMinor: number;
  currency: string;
}

function begin(
  db: ReadModelWriter,
  recorded: RecordedEvent,
  at: string,
  { subject, key, number, refund, processor, amountMinor, currency }: Beginning,
): void {
  const [payment, tenant, atMs] = [publicId(recorded.stream), tenantOf(recorded), toEpochMs(at)];
  const state = subject === 'charge' ? 'none' : 'pending';
  db.run(
    `INSERT OR REPLACE INTO processor_books
     (key, subject, tenant, payment, number, refund, processor, state, amount, currency, open, began, changed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)`,
    ...[key, subject, tenant, payment, number, refund],
    ...[processor, state, amountMinor, currency, atMs, atMs],
  );
}

function beginRefund(
  db: ReadModelWriter,
  recorded: RecordedEvent,
  { call, at, ...refund }: PaymentIntentEventData<'RefundStarted'>,
): void {
  if (!call.refund) return;
  const { key } = call.refund;
  begin(db, recorded, at, { ...refund, subject: 'refund', key, processor: call.processor });
}

/** As far as the events of `CHARGE_CHANGES` and `REFUND_CHANGES` have them. */
interface Facts {
  at: string;
  number?: number;
  refund?: string;
  reference?: string;
  amountMinor?: number;
  currency?: string;
}

function update(
  db: ReadModelWriter,
  { at, reference, amountMinor, currency }: Facts,
  { state, open, isKnown }: Change,
  where: string,
  ...which: (string | number)[]
): void {
  const atMs = toEpochMs(at);
  // What is only asked for, such as a capture of a part, is not on the books yet.
  const amount = state === undefined ? null : (amountMinor ?? null);
  db.run(
    `UPDATE processor_books SET
       reference = coalesce(?, reference), amount = coalesce(?, amount), currency = coalesce(?, currency),
       state = coalesce(?, state), open = coalesce(?, open), known = coalesce(known, ?), changed = ?
     WHERE ${where}`,
    ...[reference ?? null, amount, currency ?? null],
    ...[state ?? null, open ?? null, isKnown ? atMs : null, atMs],
    ...which,
  );
}

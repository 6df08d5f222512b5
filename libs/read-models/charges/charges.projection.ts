import type { Projection, ReadModelWriter } from '#runtime/projection';
import { eventOf, tenantOf } from '../recorded.js';

/** Whose attempt a charge at a processor is, by our key and by the processor's name for it. */
export const chargesProjection: Projection = {
  name: 'charges',
  version: 1,
  tables: `
    CREATE TABLE charges (
      processor TEXT NOT NULL,
      -- Our key of the attempt.
      key TEXT NOT NULL,
      reference TEXT,
      -- Without prefix.
      payment TEXT NOT NULL,
      number INTEGER NOT NULL,
      tenant TEXT NOT NULL,
      PRIMARY KEY (processor, key)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX charges_by_attempt ON charges (payment, number);
    CREATE INDEX charges_by_reference ON charges (processor, reference)`,
  project(db, recorded) {
    const event = eventOf('payment_intent', recorded);
    const payment = recorded.stream.slice('payment_intent-'.length);
    if (event?.type === 'AttemptStarted') {
      const { processor, key, number } = event.data;
      db.run(
        'INSERT OR REPLACE INTO charges (processor, key, payment, number, tenant) VALUES (?, ?, ?, ?, ?)',
        ...[processor, key, payment, number, tenantOf(recorded)],
      );
    } else if (
      event?.type === 'AttemptPrepared' ||
      event?.type === 'BuyerActionRequired' ||
      event?.type === 'PaymentAuthorized'
    ) {
      named(db, payment, event.data);
    }
  },
};

function named(
  db: ReadModelWriter,
  payment: string,
  { number, reference }: { number: number; reference: string },
): void {
  db.run(
    'UPDATE charges SET reference = ? WHERE payment = ? AND number = ?',
    ...[reference, payment, number],
  );
}

import type { Projection } from '#runtime/projection';
import { eventOf, publicId } from '../recorded.js';

/** Which payment methods there are, and whose; what each of them is, its stream tells. */
export const paymentMethodsProjection: Projection = {
  name: 'payment_methods',
  version: 1,
  tables: `
    CREATE TABLE payment_methods (
      id TEXT PRIMARY KEY,
      tenant TEXT NOT NULL,
      -- Null: for all agents of the tenant.
      agent TEXT,
      created_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX payment_methods_by_time ON payment_methods (tenant, created_at, id)`,
  project(db, recorded) {
    const event = eventOf('payment_method', recorded);
    if (event?.type !== 'PaymentMethodTokenized') return;
    const { tenant, agent, at } = event.data;
    db.run(
      'INSERT INTO payment_methods (id, tenant, agent, created_at) VALUES (?, ?, ?, ?)',
      ...[publicId(recorded.stream), tenant, agent, at],
    );
  },
};

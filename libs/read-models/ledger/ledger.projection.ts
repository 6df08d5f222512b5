import type { Projection } from '#runtime/projection';
import { eventOf, publicId, tenantOf } from '../recorded.js';

/** Every posting as it was made, and what each account comes to. */
export const ledgerProjection: Projection = {
  name: 'ledger',
  version: 1,
  tables: `
    CREATE TABLE ledger_entries (
      tenant TEXT NOT NULL,
      -- Log position of the event, and the posting's place in it.
      position INTEGER NOT NULL,
      line INTEGER NOT NULL,
      event TEXT NOT NULL,
      payment_intent TEXT NOT NULL,
      account TEXT NOT NULL,
      -- Minor units, debit positive.
      amount INTEGER NOT NULL,
      currency TEXT NOT NULL,
      posted_at TEXT NOT NULL,
      PRIMARY KEY (tenant, position, line)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ledger_entries_by_payment ON ledger_entries (tenant, payment_intent, position, line);
    CREATE INDEX ledger_entries_by_account ON ledger_entries (tenant, account, position, line);
    CREATE TABLE ledger_accounts (
      tenant TEXT NOT NULL,
      account TEXT NOT NULL,
      currency TEXT NOT NULL,
      balance INTEGER NOT NULL,
      PRIMARY KEY (tenant, account, currency)
    ) STRICT, WITHOUT ROWID`,
  project(db, recorded) {
    const event = eventOf('payment_intent', recorded);
    if (event?.type !== 'LedgerPosted') return;
    const tenant = tenantOf(recorded);
    const { id, stream, position } = recorded;
    event.data.postings.forEach(({ account, amountMinor, currency }, line) => {
      db.run(
        `INSERT INTO ledger_entries (tenant, position, line, event, payment_intent, account, amount, currency, posted_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        tenant,
        position,
        line,
        id,
        publicId(stream),
        account,
        amountMinor,
        currency,
        event.data.at,
      );
      db.run(
        `INSERT INTO ledger_accounts (tenant, account, currency, balance) VALUES (?, ?, ?, ?)
         ON CONFLICT (tenant, account, currency) DO UPDATE SET balance = balance + excluded.balance`,
        tenant,
        account,
        currency,
        amountMinor,
      );
    });
  },
};

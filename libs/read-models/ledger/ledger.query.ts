import type { Messages, Page } from '#contracts';
import type { ReadModelReader } from '#runtime/projection';
import { decodeCursor, pageOf } from '../page.js';

interface EntryRow {
  position: number;
  line: number;
  event: string;
  payment_intent: string;
  account: string;
  amount: number;
  currency: string;
  posted_at: string;
}

/**
 * One page of postings, the newest first. The index is named, because SQLite, which does not know how many postings a tenant has, would
 * rather look through all of them. @throws InvalidCursorError
 */
export function ledgerEntries(
  db: ReadModelReader,
  { tenant, paymentIntent, account, cursor, limit }: Messages['queries.ledger.entries']['request'],
): Page {
  const index =
    paymentIntent !== null
      ? 'INDEXED BY ledger_entries_by_payment'
      : account !== null
        ? 'INDEXED BY ledger_entries_by_account'
        : '';
  const conditions: [string, ...(string | number)[]][] = [['tenant = ?', tenant]];
  if (paymentIntent !== null) conditions.push(['payment_intent = ?', paymentIntent]);
  if (account !== null) conditions.push(['account = ?', account]);
  if (cursor !== null)
    conditions.push(['(position, line) < (?, ?)', ...decodeCursor(cursor, 'number', 'number')]);
  const rows = db.all<EntryRow>(
    `SELECT position, line, event, payment_intent, account, amount, currency, posted_at FROM ledger_entries ${index}
     WHERE ${conditions.map(([condition]) => condition).join(' AND ')}
     ORDER BY position DESC, line DESC LIMIT ?`,
    ...conditions.flatMap(([, ...values]) => values),
    limit + 1,
  );
  return pageOf(
    rows,
    limit,
    ({ position, line }) => [position, line],
    ({ event, line, payment_intent, account: name, amount, currency, posted_at }) => ({
      object: 'ledger_entry',
      id: `${event}.${line}`,
      payment_intent,
      account: name,
      amount,
      currency,
      posted_at,
    }),
  );
}

/** What every account of the tenant comes to, by account and currency. @throws InvalidCursorError */
export function ledgerAccounts(
  db: ReadModelReader,
  { tenant, cursor, limit }: Messages['queries.ledger.accounts']['request'],
): Page {
  const after = cursor === null ? ['', ''] : decodeCursor(cursor, 'string', 'string');
  const rows = db.all<{ account: string; currency: string; balance: number }>(
    `SELECT account, currency, balance FROM ledger_accounts
     WHERE tenant = ? AND (account, currency) > (?, ?) ORDER BY account, currency LIMIT ?`,
    tenant,
    ...after,
    limit + 1,
  );
  return pageOf(
    rows,
    limit,
    ({ account, currency }) => [account, currency],
    (row) => ({ object: 'ledger_account', ...row }),
  );
}

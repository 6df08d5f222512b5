import { type BookedState, type TheirRecord, minorUnits } from '#domain';
import { parseCsv } from './adyen.csv.js';
import { isOwnReference, isReference } from './adyen.values.js';

/** Pure: the Payment accounting report, one line for each change of a payment's status. */

const DAY_MS = 24 * 60 * 60 * 1_000;

/** What a record type makes of a charge. Those that are not here, disputes among them, leave it where it is. */
const CHARGE_STATES: Readonly<Record<string, BookedState>> = {
  Received: 'none',
  Refused: 'none',
  Error: 'none',
  Authorised: 'held',
  Cancelled: 'voided',
  Expired: 'voided',
  SentForSettle: 'captured',
  Settled: 'captured',
  SettledBulk: 'captured',
  SettledExternally: 'captured',
  CaptureFailed: 'held',
};
const REFUND_STATES: Readonly<Record<string, BookedState>> = {
  SentForRefund: 'returned',
  Refunded: 'returned',
  RefundedBulk: 'returned',
  RefundedExternally: 'returned',
  RefundFailed: 'failed',
  RefundedReversed: 'failed',
};

/** The names of the reports of all days that a window touches; a day is one of UTC. */
export function reportsOf({ fromMs, toMs }: { fromMs: number; toMs: number }): {
  names: string[];
  endMs: number;
} {
  const first = Math.floor(fromMs / DAY_MS);
  const end = Math.max(first, Math.ceil(toMs / DAY_MS));
  const names = Array.from({ length: end - first }, (_, day) => {
    const date = new Date((first + day) * DAY_MS).toISOString().slice(0, 10);
    return `payments_accounting_report_${date.replaceAll('-', '_')}.csv`;
  });
  return { names, endMs: end * DAY_MS };
}

/** What the lines of reports, in the order of their days, say about one merchant account; or why they cannot be read. */
export function recordsOf(reports: readonly string[], account: string): TheirRecord[] | string {
  const records = new Map<string, TheirRecord>();
  for (const report of reports) {
    const rows = parseCsv(report);
    if (!rows) return 'unreadable_report';
    for (const row of rows) {
      if (row['Merchant Account'] !== account) continue;
      const change = changeOf(row);
      if (typeof change === 'string') return change;
      if (!change) continue;
      const { subject, reference, atMs, amountMinor } = change;
      const before = records.get(`${subject} ${reference}`);
      // What is let go, or did not work out, is about the amount that was held.
      const keeps = before && !['held', 'captured', 'returned'].includes(change.state);
      records.set(`${subject} ${reference}`, {
        ...change,
        atMs: before?.atMs ?? atMs,
        amountMinor: keeps ? before.amountMinor : amountMinor,
      });
    }
  }
  return [...records.values()];
}

function changeOf(row: Record<string, string>): TheirRecord | string | undefined {
  const type = row['Record Type'] ?? '';
  const isRefund = Object.hasOwn(REFUND_STATES, type);
  const state = isRefund
    ? REFUND_STATES[type]
    : Object.hasOwn(CHARGE_STATES, type)
      ? CHARGE_STATES[type]
      : undefined;
  if (!state) return undefined;
  if (!['UTC', 'GMT'].includes(row['TimeZone'] ?? '')) return 'time_zone_unsupported';
  const atMs = Date.parse(`${row['Booking Date']?.replace(' ', 'T')}Z`);
  const currency = row['Main Currency'] ?? '';
  const amountMinor = minorOf(row['Main Amount'] ?? '', currency);
  const reference = row[isRefund ? 'Modification Psp Reference' : 'Psp Reference'];
  const key = row[isRefund ? 'Modification Merchant Reference' : 'Merchant Reference'];
  if (Number.isNaN(atMs) || amountMinor === undefined || !isReference(reference)) {
    return 'unreadable_report';
  }
  return {
    subject: isRefund ? 'refund' : 'charge',
    ...{ state, reference, amountMinor, currency, atMs },
    key: isOwnReference(key) ? key : null,
  };
}

/** Amounts are in units, such as `-42.00`; which way they go, the record type says. */
function minorOf(text: string, currency: string): number | undefined {
  const [, units = '', rest = ''] = /^-?(\d{1,12})(?:\.(\d{1,4}))?$/.exec(text) ?? [];
  const digits = minorUnits(currency);
  if (units === '' || digits === undefined) return undefined;
  const minor = rest.padEnd(digits, '0');
  return /^0*$/.test(minor.slice(digits)) ? Number(units + minor.slice(0, digits)) : undefined;
}

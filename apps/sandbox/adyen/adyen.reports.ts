import { timingSafeEqual } from 'node:crypto';
import type { Clock, Timers } from '#platform';
import type { Answer } from '../json-http.js';
import { adyenDecimals } from './adyen.currencies.js';
import { ServiceError } from './adyen.error.js';
import type { AdyenEvent } from './adyen.webhooks.js';

/** A change of a payment's status, as it is booked. */
export interface Booking {
  recordType: string;
  pspReference: string;
  merchantReference: string;
  amount: { value: number; currency: string };
  modification?: { pspReference: string; reference: string };
}

interface Parts {
  merchantAccount: string;
  reportUser: { user: string; password: string } | undefined;
  clock: Clock;
  timers: Timers;
  url: () => string;
  notify: (event: AdyenEvent) => void;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** In the documented order; what is not simulated is empty. */
const COLUMNS = [
  ...['Company Account', 'Merchant Account', 'Psp Reference', 'Merchant Reference'],
  ...['Payment Method', 'Booking Date', 'TimeZone', 'Main Currency', 'Main Amount'],
  ...['Record Type', 'Payment Currency', 'Received (PC)', 'Authorised (PC)', 'Captured (PC)'],
  ...['Settlement Currency', 'Payable (SC)', 'Commission (SC)', 'Markup (SC)'],
  ...['Scheme Fees (SC)', 'Interchange (SC)', 'Processing Fee Currency', 'Processing Fee (FC)'],
  ...['User Name', 'Payment Method Variant'],
  ...['Modification Psp Reference', 'Modification Merchant Reference'],
];

/** Payment accounting reports: one for each day of UTC, there when the day is over, and announced by REPORT_AVAILABLE. */
export class AdyenReports {
  private readonly days = new Map<number, string[]>();
  private readonly pending = new Set<() => void>();

  constructor(private readonly parts: Parts) {}

  book(booking: Booking): void {
    if (!this.parts.reportUser) return;
    const nowMs = this.parts.clock.now();
    const day = Math.floor(nowMs / DAY_MS);
    const rows = this.days.get(day);
    const row = this.rowOf(booking, nowMs);
    if (rows) return void rows.push(row);
    this.days.set(day, [row]);
    const cancel = this.parts.timers.after((day + 1) * DAY_MS - nowMs, () => {
      this.pending.delete(cancel);
      this.announce(day);
    });
    this.pending.add(cancel);
  }

  stop(): void {
    for (const cancel of this.pending) cancel();
    this.pending.clear();
  }

  /** `path` is what comes after `/reports/download`. */
  download(path: readonly string[], authorization: string | undefined): Answer {
    const [of, account, file = '', ...rest] = path;
    const { merchantAccount } = this.parts;
    if (!this.isReportUser(authorization)) {
      throw new ServiceError(401, '000', 'security', 'Unauthorized');
    }
    const [, date] = /^payments_accounting_report_(\d{4}_\d{2}_\d{2})\.csv$/.exec(file) ?? [];
    const day = Date.parse(`${date?.replaceAll('_', '-')}T00:00:00Z`) / DAY_MS;
    const isThere = day < Math.floor(this.parts.clock.now() / DAY_MS);
    if (of !== 'MerchantAccount' || account !== merchantAccount || !isThere || rest.length > 0) {
      throw new ServiceError(404, '000', 'validation', 'Not Found');
    }
    const body = [COLUMNS.join(','), ...(this.days.get(day) ?? [])].join('\n');
    return { status: 200, body: `${body}\n`, headers: { 'content-type': 'text/csv' } };
  }

  private isReportUser(authorization = ''): boolean {
    const { reportUser } = this.parts;
    if (!reportUser) return false;
    const given = Buffer.from(authorization);
    const credentials = `${reportUser.user}:${reportUser.password}`;
    const expected = Buffer.from(`Basic ${Buffer.from(credentials).toString('base64')}`);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  private announce(day: number): void {
    const file = `payments_accounting_report_${dateOf(day * DAY_MS).replaceAll('-', '_')}.csv`;
    this.parts.notify({
      ...{ eventCode: 'REPORT_AVAILABLE', success: true, pspReference: file },
      merchantReference: '',
      amount: { value: 0, currency: 'EUR' },
      reason: `${this.parts.url()}/reports/download/MerchantAccount/${this.parts.merchantAccount}/${file}`,
    });
  }

  private rowOf(booking: Booking, nowMs: number): string {
    const { recordType, pspReference, merchantReference, amount, modification } = booking;
    const time = new Date(nowMs).toISOString().slice(11, 19);
    const main = unitsOf(amount);
    const values: Record<string, string> = {
      'Company Account': 'Sandbox',
      'Merchant Account': this.parts.merchantAccount,
      'Psp Reference': pspReference,
      'Merchant Reference': merchantReference,
      'Payment Method': 'visa',
      'Booking Date': `${dateOf(nowMs)} ${time}`,
      TimeZone: 'UTC',
      'Main Currency': amount.currency,
      'Main Amount': main,
      'Record Type': recordType,
      'Payment Currency': amount.currency,
      ...registersOf(recordType, main),
      'Payment Method Variant': 'visa',
      'Modification Psp Reference': modification?.pspReference ?? '',
      'Modification Merchant Reference': modification?.reference ?? '',
    };
    return COLUMNS.map((column) => quoted(values[column] ?? '')).join(',');
  }
}

/** From which register to which the amount moves. */
function registersOf(recordType: string, main: string): Record<string, string> {
  const [received, authorised, captured] = ['Received (PC)', 'Authorised (PC)', 'Captured (PC)'];
  switch (recordType) {
    case 'Received':
      return { [received]: main };
    case 'Authorised':
      return { [received]: `-${main}`, [authorised]: main };
    case 'Refused':
      return { [received]: `-${main}` };
    case 'SentForSettle':
      return { [authorised]: `-${main}`, [captured]: main };
    case 'SentForRefund':
      return { [captured]: `-${main}` };
    default:
      return { [authorised]: `-${main}` };
  }
}

const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

function unitsOf({ value, currency }: Booking['amount']): string {
  const digits = adyenDecimals(currency) ?? 2;
  if (digits === 0) return String(value);
  const text = String(value).padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

import { describe, expect, it } from 'vitest';
import { parseCsv } from './adyen.csv.js';
import { recordsOf, reportsOf } from './adyen.report.js';

const HEAD =
  'Merchant Account,Psp Reference,Merchant Reference,Booking Date,TimeZone,Main Currency,Main Amount,Record Type,' +
  'Modification Psp Reference,Modification Merchant Reference';

type Line = Partial<
  Record<'type' | 'date' | 'zone' | 'currency' | 'amount' | 'refund' | 'of', string>
>;

const line = ({
  type = 'Authorised',
  date = '2030-01-05 12:00:00',
  zone = 'UTC',
  currency = 'EUR',
  amount = '42.00',
  refund = '',
  of = 'Ours',
}: Line) =>
  `${of},PSP1,key-1,${date},${zone},${currency},${amount},${type},${refund},${refund && `key-${refund}`}`;

const report = (...lines: Line[]) => [HEAD, ...lines.map(line)].join('\n');

const NOON_MS = Date.UTC(2030, 0, 5, 12);
const CHARGE = {
  ...{ subject: 'charge', reference: 'PSP1', key: 'key-1', atMs: NOON_MS },
  ...{ amountMinor: 4_200, currency: 'EUR' },
};

describe('the reports of a window', () => {
  it('are those of all days that it touches, and end with the last of these', () => {
    const day = (date: number, hour = 0) => Date.UTC(2030, 0, date, hour);
    expect(reportsOf({ fromMs: day(5, 23), toMs: day(7) })).toEqual({
      names: [
        'payments_accounting_report_2030_01_05.csv',
        'payments_accounting_report_2030_01_06.csv',
      ],
      endMs: day(7),
    });
    expect(reportsOf({ fromMs: day(5), toMs: day(5, 1) }).endMs).toBe(day(6));
  });
});

describe('the lines of a report', () => {
  it.each([
    [['Received'], 'none'],
    [['Received', 'Refused'], 'none'],
    [['Received', 'Authorised'], 'held'],
    [['Authorised', 'Cancelled'], 'voided'],
    [['Authorised', 'Expired'], 'voided'],
    [['Authorised', 'SentForSettle', 'Settled'], 'captured'],
    [['Authorised', 'SentForSettle', 'CaptureFailed'], 'held'],
    [['Authorised', 'SentForSettle', 'Chargeback'], 'captured'],
  ])('%j leave a charge %s', (types, state) => {
    expect(recordsOf([report(...types.map((type) => ({ type })))], 'Ours')).toEqual([
      { ...CHARGE, state },
    ]);
  });

  it('go on over the days, and a charge stays where it began', () => {
    const next = report({ type: 'SentForSettle', date: '2030-01-06 00:00:00', amount: '-40.00' });
    expect(recordsOf([report({}), next], 'Ours')).toEqual([
      { ...CHARGE, state: 'captured', amountMinor: 4_000 },
    ]);
  });

  it('tell refunds by their own names', () => {
    const sent = { type: 'SentForRefund', amount: '1.00' };
    const records = recordsOf(
      [
        report(
          { ...sent, refund: 'R1' },
          { ...sent, refund: 'R2' },
          { type: 'RefundFailed', refund: 'R2' },
        ),
      ],
      'Ours',
    );
    const refund = { ...CHARGE, subject: 'refund', amountMinor: 100 };
    expect(records).toEqual([
      { ...refund, reference: 'R1', key: 'key-R1', state: 'returned' },
      { ...refund, reference: 'R2', key: 'key-R2', state: 'failed' },
    ]);
  });

  it('of other merchant accounts, and of types that move nothing, are passed over', () => {
    expect(recordsOf([report({ of: 'Other' }, { type: 'Chargeback' })], 'Ours')).toEqual([]);
  });

  it.each([
    ['JPY', '4200', 4_200],
    ['CLP', '4200.00', 4_200],
    ['KWD', '4.200', 4_200],
    ['ISK', '42.00', 42],
  ])('say amounts in units: %s %s', (currency, amount, amountMinor) => {
    expect(recordsOf([report({ currency, amount })], 'Ours')).toMatchObject([{ amountMinor }]);
  });

  it.each([
    [{ zone: 'CET' }, 'time_zone_unsupported'],
    [{ amount: '42.001' }, 'unreadable_report'],
    [{ amount: '' }, 'unreadable_report'],
    [{ currency: 'XXX' }, 'unreadable_report'],
    [{ date: 'yesterday' }, 'unreadable_report'],
    [{ type: 'Refunded', refund: '' }, 'unreadable_report'],
  ])('that cannot be read spoil the report: %j', (changes, evidence) => {
    expect(recordsOf([report({}, changes)], 'Ours')).toBe(evidence);
  });
});

describe('a CSV file', () => {
  it('may quote, end lines in both ways, and begin with a byte order mark', () => {
    expect(parseCsv('\uFEFFa,b\r\n"x, ""y""\n",\r\n')).toEqual([{ a: 'x, "y"\n', b: '' }]);
    expect(parseCsv('a,b\n1,2')).toEqual([{ a: '1', b: '2' }]);
    expect(parseCsv('a\n')).toEqual([]);
    expect(parseCsv('a,b\n1,')).toEqual([{ a: '1', b: '' }]);
  });

  it.each(['a,b\n1', 'a\n"1', 'a\n1"2'])('that is none is not read: %j', (text) => {
    expect(parseCsv(text)).toBeUndefined();
  });
});

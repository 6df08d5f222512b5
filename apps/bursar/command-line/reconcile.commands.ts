import { differencesCsv } from '#contracts';
import type { JsonRecord } from '#domain';
import { withApi } from './api.client.js';
import { API_OPTIONS, type Asked, type Command } from './command.js';
import { CommandFailure, UsageError } from './failures.js';
import { moneyText } from './money.text.js';
import { table } from './table.js';

interface Side {
  state: string;
  amount: number;
  currency: string;
}

interface Difference {
  kind: string;
  subject: string;
  payment_intent: string | null;
  key: string | null;
  reference: string | null;
  expected: boolean;
  explanation: string | null;
  ours: Side | null;
  theirs: Side | null;
}

interface Report {
  processor: string;
  from: string;
  to: string;
  failure: string | null;
  records: number;
  differences: number;
  unexpected: number;
  data: Difference[];
  truncated: boolean;
}

/** Processors list a hundred records at a time. */
const ANSWER_WITHIN_MS = 10 * 60_000;

const reconcile: Command = {
  name: 'reconcile',
  summary: "our books against a processor's own, both ways",
  positionals: [],
  options: {
    processor: { type: 'string', value: 'name', summary: 'whose books' },
    from: { type: 'string', value: 'time', summary: 'RFC 3339 (default: a day before --to)' },
    to: { type: 'string', value: 'time', summary: 'RFC 3339, exclusive (default: now)' },
    format: { type: 'string', value: 'csv|json', summary: 'csv, json, or a table for people' },
    ...API_OPTIONS,
  },
  details: `Compares charges and refunds that began in that time, and changes nothing. Ends with status 1 when there is a
difference that does not end by itself, or when the processor's books could not be read.`,
  example: 'bursar reconcile --processor sandbox_a --from 2026-03-01T00:00:00Z --format csv',
  run: (asked) => {
    const { processor, from, to, format = asked.json ? 'json' : 'table' } = asked.options;
    if (processor === undefined)
      throw new UsageError('bursar reconcile needs --processor', 'reconcile');
    if (!['csv', 'json', 'table'].includes(format))
      throw new UsageError('--format is csv or json', 'reconcile');
    const path = `/v1/processors/${encodeURIComponent(processor)}/reconciliation`;
    return withApi(
      asked,
      'auditor',
      async (api) => {
        const { body, text } = await api.get<Report>(path, { from, to });
        print(asked, format, body, text);
        fail(body);
      },
      ANSWER_WITHIN_MS,
    );
  },
};

export const RECONCILE: readonly Command[] = [reconcile];

function print({ terminal }: Asked, format: string, report: Report, text: string): void {
  if (format === 'json') return terminal.out(text);
  if (report.truncated)
    terminal.err(
      `Only ${report.data.length} of ${report.differences} are shown: shorten the time.`,
    );
  if (format === 'csv') {
    const lines = differencesCsv(report.data as unknown as JsonRecord[]);
    return terminal.out(lines.replace(/\r\n$/, '\r'));
  }
  const { processor, from, to, records, differences, unexpected } = report;
  if (report.failure !== null) return;
  terminal.out(
    `${processor}, ${from} to ${to}: ${records} records of ours, ${differences} differences, ${unexpected} to look at.`,
  );
  if (differences === 0) return;
  const head = ['KIND', 'SUBJECT', 'KEY', 'REFERENCE', 'OURS', 'THEIRS', 'WHY'];
  for (const line of table(head, report.data.map(rowOf))) terminal.out(line);
}

const rowOf = ({ kind, subject, key, reference, ours, theirs, explanation }: Difference) => [
  ...[kind, subject, key ?? 'none', reference ?? 'none'],
  ...[sideText(ours), sideText(theirs), explanation ?? 'look'],
];

const sideText = (side: Side | null) =>
  side ? `${side.state} ${moneyText(side.amount, side.currency)}` : 'nothing';

function fail({ failure, unexpected, processor }: Report): void {
  if (failure !== null)
    throw new CommandFailure(`The books of ${processor} could not be read: ${failure}.`);
  if (unexpected === 0) return;
  const what = unexpected === 1 ? '1 difference' : `${unexpected} differences`;
  throw new CommandFailure(`${what} to look at.`);
}

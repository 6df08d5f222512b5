import type { JsonRecord } from '#domain';

const COLUMNS = [
  ...['kind', 'subject', 'tenant', 'payment_intent', 'key', 'reference', 'expected', 'explanation'],
  ...['ours_state', 'ours_amount', 'ours_currency', 'ours_at'],
  ...['theirs_state', 'theirs_amount', 'theirs_currency', 'theirs_at'],
];

/** The differences of a rendered reconciliation as CSV (RFC 4180), for spreadsheets, too. */
export const differencesCsv = (differences: readonly JsonRecord[]): string =>
  [COLUMNS, ...differences.map(rowOf)].map((row) => `${row.map(csvField).join(',')}\r\n`).join('');

function rowOf(difference: JsonRecord): string[] {
  return COLUMNS.map((column) => {
    const [, side, name = ''] = /^(ours|theirs)_(.+)$/.exec(column) ?? [];
    if (side === undefined) return textOf(difference[column]);
    return textOf(((difference[side] ?? {}) as JsonRecord)[name]);
  });
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';

/** What a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection). */
export function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

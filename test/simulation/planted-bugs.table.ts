/** Where the recorded tables are, from the root of the project. */
export const FAULTS_PAGE = 'docs/faults.md';

const BEGIN = '<!-- planted bugs: recorded by npm run simulate:bugs -- --record -->';
const END = '<!-- planted bugs: end -->';

/** A Markdown table with columns of even width. */
export function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

/** The page with these tables instead of those between its markers. */
export function withTable(page: string, tables: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${FAULTS_PAGE} has no markers`);
  return `${before}${BEGIN}\n\n${tables}\n\n${END}${after}`;
}

/** The recorded seed of each planted bug, by its name. */
export function recordedSeeds(page: string): ReadonlyMap<string, number> {
  const table = page.split(BEGIN)[1]?.split(END)[0] ?? '';
  const rows = table.matchAll(/^\| (.+?) +\| .+? +\| (\d+) +\|$/gm);
  return new Map([...rows].map(([, name = '', seed]) => [name, Number(seed)]));
}

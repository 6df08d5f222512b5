import { CASES } from '../../libs/event-store/cases.contract.js';

/** What the JSON reporter of the test runner writes, as far as it is read here. */
export interface TestReport {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: {
      ancestorTitles: string[];
      title: string;
      status: string;
    }[];
  }[];
}

/** `missing`: no test names the case, which is a failure; `n.a.`: the adapter has no means to show it. */
type Cell = 'passed' | 'failed' | 'n.a.' | 'missing';

export interface CaseTable {
  adapters: string[];
  rows: { number: number; meaning: string; cells: Cell[] }[];
  /** Every failed test, with or without a number, and every file that did not load. */
  failures: string[];
}

const SUITE = / event store$/;

/** Case number × adapter. */
export function caseTable({ testResults }: TestReport): CaseTable {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const contract = tests.filter(({ ancestorTitles }) => SUITE.test(ancestorTitles[0] ?? ''));
  const adapterOf = ({ ancestorTitles }: (typeof tests)[number]) =>
    (ancestorTitles[0] ?? '').replace(SUITE, '');
  const adapters = [...new Set(contract.map(adapterOf))];
  const rows = Object.entries(CASES).map(([number, meaning]) => ({
    number: Number(number),
    meaning,
    cells: adapters.map((adapter) => {
      const shown = contract.filter(
        (test) => adapterOf(test) === adapter && casesIn(test.title).includes(Number(number)),
      );
      return cellOf(shown.map(({ status }) => status));
    }),
  }));
  const failed = tests.filter(({ status }) => status === 'failed');
  const unloaded = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  );
  return {
    adapters,
    rows,
    failures: [
      ...failed.map(({ ancestorTitles, title }) => [...ancestorTitles, title].join(' > ')),
      ...unloaded.map(({ name, message }) => `${name}: ${message}`),
    ],
  };
}

export function hasFailed({ adapters, rows, failures }: CaseTable): boolean {
  const isBad = rows.some(({ cells }) =>
    cells.some((cell) => cell === 'failed' || cell === 'missing'),
  );
  return isBad || failures.length > 0 || adapters.length === 0;
}

export function rendered({ adapters, rows, failures }: CaseTable): string {
  const head = ['case', ...adapters, ''];
  const lines = rows.map(({ number, meaning, cells }) => [`C${number}`, ...cells, meaning]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  );
  const text = [head, ...lines].map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const sums = adapters.map((adapter, column) => {
    const count = (cell: Cell) => rows.filter(({ cells }) => cells[column] === cell).length;
    const missing = count('missing') > 0 ? `, ${count('missing')} missing` : '';
    return `${adapter}: ${count('passed')} passed, ${count('failed')} failed, ${count('n.a.')} n.a.${missing}`;
  });
  return [...text, '', ...sums, ...failures.map((failure) => `FAILED ${failure}`)].join('\n');
}

/** The numbers that a title ends with. */
export function casesIn(title: string): number[] {
  return [...title.matchAll(/\[C(\d+)\]/g)].map(([, number]) => Number(number));
}

function cellOf(statuses: readonly string[]): Cell {
  if (statuses.length === 0) return 'missing';
  if (statuses.includes('failed')) return 'failed';
  return statuses.includes('passed') ? 'passed' : 'n.a.';
}

import { expect, it } from 'vitest';
import { CASES } from '../../libs/event-store/cases.contract.js';
import { caseTable, hasFailed, rendered, type TestReport } from './case.table.js';

type Test = TestReport['testResults'][number]['assertionResults'][number];

const test = (adapter: string, title: string, status: string): Test => ({
  ancestorTitles: [`${adapter} event store`, 'append'],
  title,
  status,
});
const all = (adapter: string, status = 'passed') =>
  Object.keys(CASES).map((number) => test(adapter, `does it [C${number}]`, status));
const reportOf = (...assertionResults: Test[]): TestReport => ({
  testResults: [{ name: 'a.contract.spec.ts', status: 'passed', assertionResults }],
});

it('shows each case for each adapter, and fails nothing that passed or does not apply', () => {
  const table = caseTable(reportOf(...all('one'), ...all('other', 'skipped')));
  expect(table.adapters).toEqual(['one', 'other']);
  expect(table.rows[16]).toEqual({ number: 17, meaning: CASES[17], cells: ['passed', 'n.a.'] });
  expect(hasFailed(table)).toBe(false);
  expect(rendered(table)).toContain('one: 55 passed, 0 failed, 0 n.a.');
  expect(rendered(table)).toContain('other: 0 passed, 0 failed, 55 n.a.');
});

it('takes one failure for the failure of every case in the title', () => {
  const table = caseTable(reportOf(...all('one'), test('one', 'both [C3] [C4]', 'failed')));
  expect(
    table.rows.filter(({ cells }) => cells[0] === 'failed').map(({ number }) => number),
  ).toEqual([3, 4]);
  expect(hasFailed(table)).toBe(true);
  expect(rendered(table)).toContain('FAILED one event store > append > both [C3] [C4]');
});

it('fails when a case is missing, a test without a number fails, a file does not load, or nothing ran', () => {
  const without = all('one').slice(1);
  expect(caseTable(reportOf(...without)).rows[0]?.cells).toEqual(['missing']);
  expect(hasFailed(caseTable(reportOf(...without)))).toBe(true);
  expect(hasFailed(caseTable(reportOf(...all('one'), test('one', 'too', 'failed'))))).toBe(true);
  const broken = {
    name: 'b.contract.spec.ts',
    status: 'failed',
    message: 'no',
    assertionResults: [],
  };
  const report = reportOf(...all('one'));
  report.testResults.push(broken);
  expect(hasFailed(caseTable(report))).toBe(true);
  expect(hasFailed(caseTable({ testResults: [] }))).toBe(true);
});

import { describe, expect, it } from 'vitest';
import { CASES } from '../../libs/event-store/cases.contract.js';
import { type ProjectFile, madeUp, sources } from './source-files.js';

/** Numbers of cases that suites name: in a title, `[C17]`, or in the table that fills one in, `'C17'`. */
function namedCases(files: readonly ProjectFile[]): number[] {
  const numbers = files
    .filter(({ path }) => /^libs\/event-store\/[^/]+\.contract\.ts$/.test(path))
    .flatMap(({ text }) => [...text.matchAll(/(?:\[|')C(\d+)(?:\]|')/g)].map(([, n]) => Number(n)));
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}

describe('the contract of event stores', () => {
  it('has a test for each of its cases, and no case that is not listed', () => {
    // The list itself names one for example.
    const suites = sources.filter(({ path }) => !path.endsWith('/cases.contract.ts'));
    expect(namedCases(suites)).toEqual(Object.keys(CASES).map(Number));
  });

  it('with a case that nobody shows is caught', () => {
    const suite = madeUp('libs/event-store/a.contract.ts', `it('a [C1] [C3]')`, `[0, 'C5'],`);
    expect(namedCases([suite])).toEqual([1, 3, 5]);
  });
});

import { describe, expect, it } from 'vitest';
import { type ProjectFile, codeOf, importsOf, isTest, madeUp, sources } from './source-files.js';

/** Tests that nobody runs. A condition speaks for itself; a plain `skip` needs a comment right above that says why. */
const LEFT_BEHIND = /\b(?:it|test|describe|bench)(?:\.\w+)*\.(?:only|todo)\b/;
const SKIPPED = /^(.*)\n\s*(?:it|test|describe)(?:\.\w+)*\.(?:skip|fails)(?:\.\w+)*\(\s*['"`]/gm;
const COMMENT = /^\s*(?:\/\/|\*|\/\*)/;
const OUTSIDE = /^node:(?:fs|net|http|https|http2|tls|dns|child_process|worker_threads)(?:\/|$)/;

function notRun(files: readonly ProjectFile[]): string[] {
  return files.filter(isTest).flatMap((file) => {
    const left = LEFT_BEHIND.test(codeOf(file)) ? [`${file.path}: only or todo`] : [];
    const skipped = [...`\n${file.text}`.matchAll(SKIPPED)]
      .filter(([, above = '']) => !COMMENT.test(above))
      .map(() => `${file.path}: skipped without a reason`);
    return [...left, ...skipped];
  });
}

function unitSpecsWithInputOrOutput(files: readonly ProjectFile[]): string[] {
  return files
    .filter(({ path }) => path.endsWith('.unit.spec.ts'))
    .flatMap((file) =>
      importsOf(file)
        .filter((specifier) => OUTSIDE.test(specifier))
        .map((specifier) => `${file.path}: ${specifier}`),
    );
}

function decidersWithoutSpec(files: readonly Pick<ProjectFile, 'path'>[]): string[] {
  const paths = new Set(files.map(({ path }) => path));
  return [...paths]
    .filter((path) => path.endsWith('.decider.ts'))
    .filter((path) => !paths.has(path.replace(/\.ts$/, '.unit.spec.ts')));
}

/** A shared suite that nobody runs proves nothing. */
function suitesNobodyRuns(files: readonly ProjectFile[]): string[] {
  const imported = files
    .filter(isTest)
    .flatMap((file) => importsOf(file).map((specifier) => specifier.split('/').at(-1)));
  return files
    .map(({ path }) => path)
    .filter((path) => path.endsWith('.contract.ts'))
    .filter((path) => !imported.includes(path.split('/').at(-1)?.replace(/\.ts$/, '.js')));
}

describe('tests', () => {
  it('all run: none is left with only or todo, or skipped without a reason', () => {
    expect(notRun(sources)).toEqual([]);
  });

  it('called unit touch no files and no sockets', () => {
    expect(unitSpecsWithInputOrOutput(sources)).toEqual([]);
  });

  it('exist for every decider', () => {
    expect(decidersWithoutSpec(sources)).toEqual([]);
  });

  it('that are shared suites are run by a spec', () => {
    expect(suitesNobodyRuns(sources)).toEqual([]);
  });

  it('that are left behind are caught', () => {
    const only = ['it', 'only'].join('.');
    const skip = ['it', 'skip'].join('.');
    const files = [
      madeUp('libs/a.unit.spec.ts', `${only}('x', () => {});`),
      madeUp('libs/b.unit.spec.ts', '', `${skip}('x', () => {});`),
      madeUp('libs/c.unit.spec.ts', '// The vendor answers nothing on leap days.', `${skip}('x');`),
    ];
    expect(notRun(files)).toEqual([
      'libs/a.unit.spec.ts: only or todo',
      'libs/b.unit.spec.ts: skipped without a reason',
    ]);
  });

  it('called unit that read files are caught', () => {
    const file = madeUp('libs/a.unit.spec.ts', `import { readFileSync } from 'node:fs';`);
    expect(unitSpecsWithInputOrOutput([file])).toEqual(['libs/a.unit.spec.ts: node:fs']);
  });

  it('missing for a decider, or for a shared suite, are caught', () => {
    const decider = madeUp('libs/domain/quote/quote.decider.ts');
    const suite = madeUp('libs/rates/rates.contract.ts');
    expect(decidersWithoutSpec([decider])).toEqual([decider.path]);
    expect(suitesNobodyRuns([suite])).toEqual([suite.path]);
  });
});

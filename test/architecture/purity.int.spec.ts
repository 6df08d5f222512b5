import { describe, expect, it } from 'vitest';
import { type ProjectFile, forbidden, importsOf, madeUp, production } from './source-files.js';

/** Decisions are plain functions over plain data: the same input gives the same events, now and in ten years. */
const IMPURE: Readonly<Record<string, RegExp>> = {
  'reads a clock': /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b/,
  'is random': /\bMath\.random\b|\bcrypto\b/,
  'waits for something': /\basync\b|\bawait\b|\bPromise\b/,
  'sets a timer': /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/,
  'talks to the world': /(?<![.\w])fetch\s*\(|\bconsole\b|\bprocess\s*\.|\bglobalThis\b/,
};

function impure(files: readonly ProjectFile[]): string[] {
  const domain = files.filter(({ path }) => path.startsWith('libs/domain/'));
  const imports = domain.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !specifier.startsWith('.'))
      .map((specifier) => `${file.path}: imports ${specifier}`),
  );
  return [...imports, ...forbidden(domain, IMPURE)];
}

describe('the domain', () => {
  it('is pure: no imports, no clock, no randomness, no waiting, no world', () => {
    expect(production.some(({ path }) => path.startsWith('libs/domain/'))).toBe(true);
    expect(impure(production)).toEqual([]);
  });

  it.each([
    [`import { randomUUID } from 'node:crypto';`, 'imports node:crypto'],
    [`import { v5 } from 'uuid';`, 'imports uuid'],
    ['const now = Date.now();', 'reads a clock'],
    ['const at = new Date().toISOString();', 'reads a clock'],
    ['const dice = Math.random();', 'is random'],
    ['export async function decide() {}', 'waits for something'],
    ['setTimeout(fire, 10);', 'sets a timer'],
    [`const answer = fetch('https://x.example');`, 'talks to the world'],
    ['if (process.env.X) give();', 'talks to the world'],
  ])('is not when it says %s', (line, reason) => {
    const file = madeUp('libs/domain/agent/made-up.ts', line);
    expect(impure([file])).toContain(`${file.path}: ${reason}`);
  });

  it('may speak of all that in a comment, and of given instants in code', () => {
    const file = madeUp(
      'libs/domain/agent/made-up.ts',
      '/** No Date.now(), no await. */',
      'const at = new Date(nowMs); // not new Date()',
    );
    expect(impure([file])).toEqual([]);
  });
});

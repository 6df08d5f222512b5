import { describe, expect, it } from 'vitest';
import { type ProjectFile, forbidden, importsOf, madeUp, production } from './source-files.js';

/** Clock, timers, randomness and network come in through ports, so that a simulation can replace them all. */
const BEHIND_A_PORT: Readonly<Record<string, RegExp>> = {
  'reads a clock': /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b/,
  'is random': /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\brandomInt\b|\bgetRandomValues\b/,
  'sets a timer':
    /(?<!\.)\bset(?:Timeout|Interval|Immediate)\b|\bAbortSignal\.timeout\b|['"]node:timers/,
  'fetches by itself': /(?<![.\w])fetch\s*\(/,
};

/** Where the ports are implemented, and the few places with a reason of their own. */
const EXEMPT: Readonly<Record<string, string>> = {
  'libs/platform/system/': 'the clock, the timers and the randomness of the machine',
  'libs/platform/undici/': 'the network',
  'libs/platform/memory/virtual.timers.ts':
    'lets promises settle between two virtual instants; nothing depends on how long it takes',
};

/** Servers and clients of our own open sockets; everybody else asks the HttpClient port. */
const SOCKETS = /^node:(?:http|https|http2|net|tls|dgram|dns)(?:\/|$)/;
const MAY_OPEN_SOCKETS = [
  'libs/platform/undici/',
  'apps/sandbox/',
  'apps/gateway/',
  'apps/bursar/',
];

function uncontrolled(files: readonly ProjectFile[]): string[] {
  const bound = files.filter(({ path }) => !isBelow(path, Object.keys(EXEMPT)));
  return forbidden(bound, BEHIND_A_PORT);
}

function sockets(files: readonly ProjectFile[]): string[] {
  return files
    .filter(({ path }) => !isBelow(path, MAY_OPEN_SOCKETS))
    .flatMap((file) =>
      importsOf(file)
        .filter((specifier) => SOCKETS.test(specifier))
        .map((specifier) => `${file.path}: ${specifier}`),
    );
}

function isBelow(path: string, places: readonly string[]): boolean {
  return places.some((place) => path.startsWith(place));
}

describe('production code outside of libs/platform', () => {
  it('takes time, timers, randomness and network from ports', () => {
    expect(uncontrolled(production)).toEqual([]);
  });

  it('opens no sockets but where requests come in or go out', () => {
    expect(sockets(production)).toEqual([]);
  });

  it('has no exemption that is not needed any more', () => {
    const idle = Object.keys(EXEMPT).filter(
      (place) =>
        place !== 'libs/platform/undici/' &&
        forbidden(
          production.filter(({ path }) => path.startsWith(place)),
          BEHIND_A_PORT,
        ).length === 0,
    );
    expect(idle).toEqual([]);
  });

  it.each([
    ['const startedAt = Date.now();', 'reads a clock'],
    ['const today = new Date();', 'reads a clock'],
    [`import { randomUUID } from 'node:crypto';`, 'is random'],
    ['setInterval(sweep, 1_000);', 'sets a timer'],
    [`import { setTimeout as pause } from 'node:timers/promises';`, 'sets a timer'],
    [`const answer = await fetch(url);`, 'fetches by itself'],
  ])('is caught with %s', (line, reason) => {
    const file = madeUp('libs/runtime/actor/made-up.ts', line);
    expect(uncontrolled([file])).toEqual([`${file.path}: ${reason}`]);
  });

  it('is caught with a socket of its own', () => {
    const file = madeUp('libs/processors/made-up.ts', `import { request } from 'node:https';`);
    expect(sockets([file])).toEqual(['libs/processors/made-up.ts: node:https']);
  });

  it('may use a method that happens to have such a name', () => {
    const file = madeUp('libs/runtime/a.ts', 'this.cache.fetch(key);', 'socket.setTimeout(5);');
    expect(uncontrolled([file])).toEqual([]);
  });
});

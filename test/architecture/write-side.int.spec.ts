import { describe, expect, it } from 'vitest';
import { type ProjectFile, codeOf, forbidden, madeUp, production } from './source-files.js';

const NAMED_IMPORTS = /import\s*\{([^}]*)\}\s*from\s*'(rxjs|#runtime)'/g;
/** All that a saga may be made of: which deliveries, and which command each becomes. */
const SAGA_WORDS = new Set(['ofDelivery', 'filter', 'map', 'Observable']);
const MAP = /\bmap\(/g;
const MAP_TO_COMMAND = /\bmap\(\((\w+)\) => new \w+\(\1\)\)/g;

/** What a saga holds beyond its wiring. */
const STATEFUL: Readonly<Record<string, RegExp>> = {
  'waits for something': /\basync\b|\bawait\b|\bPromise\b/,
  'can throw': /\bthrow\b/,
  'keeps a state': /\bconstructor\b|\bnew (?:Map|Set)\b|\blet\b|\bprivate\b/,
  'subscribes by itself': /\.subscribe\(/,
};

function moreThanWiring(files: readonly ProjectFile[]): string[] {
  const sagas = files.filter(({ path }) => path.endsWith('.saga.ts'));
  const words = sagas.flatMap((file) =>
    [...file.text.matchAll(NAMED_IMPORTS)]
      .flatMap(([, names = '']) => names.split(','))
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== '' && !SAGA_WORDS.has(name))
      .map((name) => `${file.path}: ${name}`),
  );
  const maps = sagas
    .filter((file) => count(file, MAP) !== count(file, MAP_TO_COMMAND))
    .map(({ path }) => `${path}: maps to something else than a command of the delivery`);
  return [...words, ...maps, ...forbidden(sagas, STATEFUL)];
}

function count(file: ProjectFile, pattern: RegExp): number {
  return [...codeOf(file).matchAll(pattern)].length;
}

/** Each of these belongs to one place; anywhere else it goes around the log. */
const GUARDED: Readonly<Record<string, { pattern: RegExp; places: readonly string[] }>> = {
  'appends to the log': {
    pattern: /\b\w*[sS]tore\.append\(/,
    places: ['libs/event-store/', 'libs/runtime/actor/'],
  },
  'feeds the event bus': {
    pattern: /\bsubject\$|\b[eE]ventBus\.publish/,
    places: ['apps/sagas/log-feeds.ts'],
  },
  'uses the aggregates of the framework': {
    pattern: /\bAggregateRoot\b|\bEventPublisher\b/,
    places: [],
  },
};

function aroundTheLog(files: readonly ProjectFile[]): string[] {
  return Object.entries(GUARDED).flatMap(([reason, { pattern, places }]) =>
    forbidden(
      files.filter(({ path }) => !places.some((place) => path.startsWith(place))),
      { [reason]: pattern },
    ),
  );
}

describe('sagas', () => {
  it('are wiring: which delivery becomes which command, and nothing else', () => {
    expect(production.some(({ path }) => path.endsWith('.saga.ts'))).toBe(true);
    expect(moreThanWiring(production)).toEqual([]);
  });

  it('are caught with another operator, a state, or a map that decides', () => {
    const file = madeUp(
      'apps/sagas/x.saga.ts',
      `import { type Observable, map, mergeMap } from 'rxjs';`,
      'private seen = new Set();',
      'log.pipe(map((delivery) => (seen.has(delivery) ? null : new X(delivery))));',
    );
    expect(moreThanWiring([file])).toEqual([
      'apps/sagas/x.saga.ts: mergeMap',
      'apps/sagas/x.saga.ts: maps to something else than a command of the delivery',
      'apps/sagas/x.saga.ts: keeps a state',
    ]);
  });
});

describe('the log', () => {
  it('is appended to by actors only, feeds the event bus alone, and knows no other aggregates', () => {
    expect(aroundTheLog(production)).toEqual([]);
  });

  it('is not bypassed unnoticed', () => {
    const files = [
      madeUp('apps/queries/a.ts', `await this.store.append('payment_intent-x', 'any', events);`),
      madeUp('apps/gateway/b.ts', 'this.eventBus.publish(new Something());'),
      madeUp('apps/commands/c.ts', 'class Payment extends AggregateRoot {}'),
    ];
    expect(aroundTheLog(files)).toEqual([
      'apps/queries/a.ts: appends to the log',
      'apps/gateway/b.ts: feeds the event bus',
      'apps/commands/c.ts: uses the aggregates of the framework',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  type ProjectFile,
  importsOf,
  madeUp,
  production,
  resolved,
  sources,
  unitOf,
} from './source-files.js';

/**
 * Arrows point inward; only apps/bursar composes. What is not listed is not allowed: a new arrow is a decision, and this
 * table is where it is made. Entries are import specifiers, so an adapter (`#event-store/sqlite`) is allowed by name only.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'libs/domain': [],
  'libs/platform': [],
  'libs/sqlite': [],
  'libs/policy': [],
  'libs/metrics': [],
  'libs/bus': ['#platform'],
  'libs/fraud': ['#platform'],
  'libs/contracts': ['#domain'],
  'libs/processors': ['#domain', '#platform'],
  'libs/vault': ['#platform', '#processors', '#sqlite'],
  'libs/reservations': ['#domain', '#platform'],
  'libs/rates': ['#domain', '#platform'],
  'libs/webhooks': ['#platform'],
  'libs/event-store': ['#platform', '#sqlite'],
  'libs/runtime': ['#domain', '#event-store', '#platform', '#sqlite'],
  'libs/read-models': ['#contracts', '#domain', '#event-store', '#runtime/projection'],
  'apps/gateway': ['#bus', '#bus/nats', '#contracts', '#domain', '#metrics', '#platform'],
  'apps/commands': ['#bus/nest', '#contracts', '#domain', '#event-store', '#platform', '#runtime'],
  'apps/sagas': [
    '#bus',
    '#contracts',
    '#domain',
    '#event-store',
    '#platform',
    '#policy',
    '#runtime',
  ],
  'apps/connectors': [
    '#bus',
    '#bus/nest',
    '#contracts',
    '#domain',
    '#fraud',
    '#platform',
    '#processors',
    '#rates',
    '#reservations',
    '#webhooks',
    '#vault',
  ],
  'apps/queries': [
    '#bus/nest',
    '#contracts',
    '#event-store',
    '#platform',
    '#read-models',
    '#runtime/projection',
  ],
  'apps/sandbox': ['#platform', '#platform/system'],
};

/** The only one that knows the other apps, and which adapter stands behind each port. */
const COMPOSER = 'apps/bursar';

function foreignArrows(files: readonly ProjectFile[]): string[] {
  return files.flatMap((file) => {
    const unit = unitOf(file.path);
    if (unit === COMPOSER) return [];
    const allowed = MAY_IMPORT[unit];
    if (!allowed) return [`${file.path}: ${unit} is not in the table`];
    return importsOf(file)
      .filter((specifier) =>
        specifier.startsWith('#')
          ? !allowed.includes(specifier)
          : specifier.startsWith('.') && unitOf(resolved(file, specifier)) !== unit,
      )
      .map((specifier) => `${file.path}: ${specifier}`);
  });
}

/** Folders inside a lib that all others of it may use. */
const SHARED_FOLDERS = new Set(['libs/domain/shared', 'libs/domain/money']);

/** Adapters, aggregates and read models stand side by side: what two of them need lies above them. */
function siblingArrows(files: readonly ProjectFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('libs/'))
    .flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .filter((specifier) => areSiblings(file.path, resolved(file, specifier)))
        .map((specifier) => `${file.path}: ${specifier}`),
    );
}

function areSiblings(from: string, to: string): boolean {
  const [own, other] = [folderInLib(from), folderInLib(to)];
  if (own === undefined || other === undefined || own === other) return false;
  return unitOf(from) === unitOf(to) && !SHARED_FOLDERS.has(other);
}

/** `libs/bus/nest` for what lies in it; undefined for files directly in a lib. */
function folderInLib(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length > 3 ? parts.slice(0, 3).join('/') : undefined;
}

/** `#name` is a lib's index and nothing inside it. */
function notThroughAnIndex(
  files: readonly ProjectFile[],
  all: readonly ProjectFile[] = sources,
): string[] {
  const indexes = new Set(
    all.filter(({ path }) => path.endsWith('/index.ts')).map(({ path }) => path),
  );
  return files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => specifier.startsWith('#'))
      .filter((specifier) => !indexes.has(`libs/${specifier.slice(1)}/index.ts`))
      .map((specifier) => `${file.path}: ${specifier}`),
  );
}

describe('the dependency rule', () => {
  it('lets no lib and no app import more than the table says', () => {
    expect(foreignArrows(production)).toEqual([]);
  });

  it('has no arrow in its table that nobody needs', () => {
    const used = new Set(
      production.flatMap((file) => importsOf(file).map((each) => `${unitOf(file.path)} ${each}`)),
    );
    const unused = Object.entries(MAY_IMPORT).flatMap(([unit, allowed]) =>
      allowed.filter((each) => !used.has(`${unit} ${each}`)).map((each) => `${unit} ${each}`),
    );
    expect(unused).toEqual([]);
  });

  it('lets siblings inside a lib not import each other', () => {
    expect(siblingArrows(production)).toEqual([]);
  });

  it('leads from one lib to another through an index only', () => {
    expect(notThroughAnIndex(sources)).toEqual([]);
  });

  it('catches a domain that imports anything at all', () => {
    const file = madeUp('libs/domain/money/tax.ts', `import { Clock } from '#platform';`);
    expect(foreignArrows([file])).toEqual(['libs/domain/money/tax.ts: #platform']);
  });

  it('catches a relative way around the import map', () => {
    const file = madeUp('libs/fraud/x.ts', `export * from '../policy/policy.port.js';`);
    expect(foreignArrows([file])).toEqual(['libs/fraud/x.ts: ../policy/policy.port.js']);
  });

  it('catches an app that imports another app, an adapter by name, and a folder nobody listed', () => {
    const files = [
      madeUp('apps/gateway/a.ts', `import { Sender } from '../sagas/sender.js';`),
      madeUp('apps/queries/b.ts', `const store = await import('#event-store/sqlite');`),
      madeUp('libs/client/c.ts', ''),
    ];
    expect(foreignArrows(files)).toEqual([
      'apps/gateway/a.ts: ../sagas/sender.js',
      'apps/queries/b.ts: #event-store/sqlite',
      'libs/client/c.ts: libs/client is not in the table',
    ]);
  });

  it('lets the composing app import other apps', () => {
    const file = madeUp('apps/bursar/main.ts', `import { Sender } from '../sagas/sender.js';`);
    expect(foreignArrows([file])).toEqual([]);
  });

  it('catches one adapter that imports another, and one aggregate that imports another', () => {
    const files = [
      madeUp('libs/event-store/memory/a.ts', `import { x } from '../sqlite/log.file.js';`),
      madeUp('libs/domain/mandate/b.ts', `import type { x } from '../agent/agent.events.js';`),
      madeUp('libs/domain/mandate/c.ts', `import { toRfc3339 } from '../shared/time.js';`),
    ];
    expect(siblingArrows(files)).toEqual([
      'libs/event-store/memory/a.ts: ../sqlite/log.file.js',
      'libs/domain/mandate/b.ts: ../agent/agent.events.js',
    ]);
  });

  it('catches an import that goes past an index', () => {
    const file = madeUp('apps/gateway/a.ts', `import {`, `  x,`, `} from '#domain/money/tax';`);
    expect(notThroughAnIndex([file])).toEqual(['apps/gateway/a.ts: #domain/money/tax']);
  });
});

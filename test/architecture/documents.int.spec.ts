import { describe, expect, it } from 'vitest';
import {
  type ProjectFile,
  codeOf,
  fileAt,
  filesBelow,
  madeUp,
  production,
} from './source-files.js';

const project = filesBelow('.');
const documents = project.filter(({ path }) => path.endsWith('.md'));
const paths = new Set(project.map(({ path }) => path));

/** Event and command types of the domain, and the command classes of the apps. */
function messageNames(files: readonly ProjectFile[]): string[] {
  const domain = files.filter(({ path }) => path.startsWith('libs/domain/'));
  const types = domain.flatMap((file) => [...codeOf(file).matchAll(/\btype: '([A-Z][A-Za-z]+)'/g)]);
  const classes = files.flatMap((file) => [
    ...codeOf(file).matchAll(/\bexport class (\w+) extends (?:Delivery)?Command\b/g),
  ]);
  return [...new Set([...types, ...classes].map(([, name = '']) => name))];
}

function notInGlossary(names: readonly string[], glossary: string): string[] {
  return names.filter((name) => !glossary.includes(`\`${name}\``));
}

const ADR_SECTIONS = [
  'Status',
  'Context',
  'Decision',
  'Enforcement',
  'Consequences',
  'Alternatives considered',
];

function incompleteDecisions(files: readonly ProjectFile[]): string[] {
  const records = files.filter(({ path }) => path.startsWith('docs/adr/'));
  return records.flatMap(({ path, text }, index) => {
    const number = String(index + 1).padStart(4, '0');
    const named = path.startsWith(`docs/adr/${number}-`) && text.startsWith(`# ${index + 1}. `);
    const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    const complete = ADR_SECTIONS.join() === sections.join();
    return [
      ...(named ? [] : [`${path}: is not number ${index + 1}`]),
      ...(complete ? [] : [`${path}: has the sections ${sections.join(', ')}`]),
    ];
  });
}

/** A path of ours in backticks. Placeholders (`<name>`, `*`) and folders that an index stands for are not looked up. */
const PATH = /`((?:libs|apps|test|docs|\.ci)\/[\w./-]+)`/g;

function deadPaths(files: readonly ProjectFile[], existing: ReadonlySet<string>): string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(PATH)]
      .map(([, named = '']) => named)
      .filter((named) => !exists(named.replace(/\/$/, ''), existing))
      .map((named) => `${path}: ${named}`),
  );
}

function deadLinks(files: readonly ProjectFile[], existing: ReadonlySet<string>): string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !exists(joined(path, target), existing))
      .map((target) => `${path}: ${target}`),
  );
}

function exists(path: string, existing: ReadonlySet<string>): boolean {
  return existing.has(path) || [...existing].some((each) => each.startsWith(`${path}/`));
}

function joined(from: string, target: string): string {
  return new URL(target, `file:///${from}`).pathname.slice(1).replace(/\/$/, '');
}

interface Invariant {
  name: string;
  tests: { path: string; title: string }[];
}

/** The sections: the invariant, and its tests as `path` "title". */
function invariantsOf(text: string): Invariant[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [name = ''] = section.split('\n');
      return {
        name,
        tests: [...section.matchAll(/^- `([^`]+)` "([^"]+)"$/gm)].map(
          ([, path = '', title = '']) => ({ path, title }),
        ),
      };
    });
}

function unproven(invariants: readonly Invariant[], files: readonly ProjectFile[]): string[] {
  return invariants.flatMap(({ name, tests }) => {
    if (tests.length === 0) return [`${name}: names no test`];
    return tests
      .filter(({ path, title }) => {
        const text = files.find((file) => file.path === path)?.text;
        return !text?.replaceAll("\\'", "'").includes(title);
      })
      .map(({ path, title }) => `${name}: ${path} has no "${title}"`);
  });
}

describe('the glossary', () => {
  it('has every event and every command', () => {
    const names = messageNames(production);
    expect(names).toContain('PaymentIntentRequested');
    expect(notInGlossary(names, fileAt('docs/glossary.md').text)).toEqual([]);
  });

  it('without one of them is caught', () => {
    const file = madeUp('libs/domain/quote/quote.events.ts', `type: 'QuoteGiven';`);
    expect(notInGlossary(messageNames([file]), '`QuoteTaken`')).toEqual(['QuoteGiven']);
  });
});

describe('the invariants', () => {
  it('name tests that exist', () => {
    const invariants = invariantsOf(fileAt('docs/invariants.md').text);
    expect(invariants.length).toBeGreaterThan(5);
    expect(unproven(invariants, project)).toEqual([]);
  });

  it('without a test, or with one that was renamed, are caught', () => {
    const page = [
      ...['## A', '', 'Enforced by here.', ''],
      ...['## B', '', '- `a.spec.ts` "does this"', '- `a.spec.ts` "does that"'],
    ].join('\n');
    const file = madeUp('a.spec.ts', `it('does this', () => {});`);
    expect(unproven(invariantsOf(page), [file])).toEqual([
      'A: names no test',
      'B: a.spec.ts has no "does that"',
    ]);
  });
});

describe('decision records', () => {
  it('are numbered without a gap and have all their sections', () => {
    expect(incompleteDecisions(project)).toEqual([]);
  });

  it('with a section missing, or out of order, are caught', () => {
    const file = madeUp('docs/adr/0002-x.md', '# 2. X', '', '## Status', '', '## Decision');
    expect(incompleteDecisions([file])).toEqual([
      'docs/adr/0002-x.md: is not number 1',
      'docs/adr/0002-x.md: has the sections Status, Decision',
    ]);
  });
});

describe('documents', () => {
  it('name no path and no link that leads nowhere', () => {
    expect([...deadPaths(documents, paths), ...deadLinks(documents, paths)]).toEqual([]);
  });

  it('that do are caught', () => {
    const file = madeUp('docs/x.md', 'See `libs/gone/index.ts`, `libs/bus/`, [y](../y.md).');
    const existing = new Set(['libs/bus/index.ts']);
    expect(deadPaths([file], existing)).toEqual(['docs/x.md: libs/gone/index.ts']);
    expect(deadLinks([file], existing)).toEqual(['docs/x.md: ../y.md']);
  });
});

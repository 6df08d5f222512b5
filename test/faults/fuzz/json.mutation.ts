import * as fc from 'fast-check';

/** JSON as text would have it: numbers, strings and names as they are spelt, names as often as they occur. */
type Tree = string | Tree[] | { members: (readonly [name: string, value: Tree])[] };

export type Change =
  | { kind: 'replace'; with: string }
  | { kind: 'drop' }
  | { kind: 'twice' }
  | { kind: 'wrap' }
  | { kind: 'add'; name: string; value: string };

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** Values as they are spelt, some of them no JSON. */
const TOKENS = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-1',
  '1',
  '1.0',
  '0.5',
  '1e2',
  '1E+2',
  '1e400',
  '-1e400',
  '1e-400',
  '2147483648',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '18446744073709551616',
  `1${'0'.repeat(400)}`,
  `0.${'1'.repeat(400)}`,
  '01',
  '+1',
  '.5',
  '1.',
  'NaN',
  'Infinity',
  'undefined',
  '""',
  '" "',
  '"0"',
  '"1"',
  '"null"',
  '"USD"',
  '"usd"',
  '"ZZZ"',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\u001b[2J"',
  '"\\r\\nx: y"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u202e"',
  '"\\ufeff"',
  '"e\\u0301"',
  '"ﷺ🏴‍☠️"',
  '"\t"',
  '"\\x"',
  '"../../etc/passwd"',
  '"\'; DROP TABLE events; --"',
  '"${7*7}{{7*7}}"',
  '"0000-00-00T00:00:00Z"',
  '"9999-12-31T23:59:60Z"',
  '"2026-02-30T00:00:00Z"',
  '"+275760-09-13T00:00:00.001Z"',
  '"P999999999W"',
  '"pi_aaaaaaaaaaaaaaaaaaaaaaaaaa"',
  '"pm_sandbox_visa"',
  '"toString"',
  '"__proto__"',
  `"${'x'.repeat(129)}"`,
  `"${'x'.repeat(5_000)}"`,
  `"${'\\u0041'.repeat(600)}"`,
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"length":1}',
  '{"toJSON":1}',
  '{"id":"acme-books"}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  nested(15),
  nested(16),
  nested(17),
  nested(2_000),
  `[${'0,'.repeat(2_000)}0]`,
] as const;

const NAMES = [
  '"surprise"',
  '""',
  '"__proto__"',
  '"\\u005f_proto__"',
  '"constructor"',
  '"prototype"',
  '"toString"',
  '"hasOwnProperty"',
  '"then"',
  '"toJSON"',
  '"length"',
  '"0"',
  '"id"',
  '"amount"',
  '"\\u0061mount"',
  '"tenant"',
  '"quote"',
  '"\\ud800"',
  '"\\u0000"',
  '"a/b~c"',
  `"${'n'.repeat(2_000)}"`,
] as const;

const token = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TOKENS) },
  fc.double().map(String),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.json({ maxDepth: 4 }),
);

/** One change of a document, and at which of its values. */
export const change: fc.Arbitrary<{ at: number; change: Change }> = fc.record({
  at: fc.nat(40),
  change: fc.oneof<fc.Arbitrary<Change>[]>(
    token.map((text) => ({ kind: 'replace', with: text })),
    token.map((text) => ({ kind: 'replace', with: text })),
    fc.constantFrom<Change>({ kind: 'drop' }, { kind: 'twice' }, { kind: 'wrap' }),
    fc
      .tuple(fc.constantFrom(...NAMES), token)
      .map(([name, value]) => ({ kind: 'add', name, value })),
  ),
});

/** The text of a JSON value after the changes; `at` counts its values in order and begins again after the last. */
export function changedJson(
  value: unknown,
  changes: readonly { at: number; change: Change }[],
): string {
  let tree: Tree[] = [treeOf(value)];
  for (const { at, change } of changes) tree = changedAt(tree, at, change);
  return tree.map(textOf).join(' ');
}

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(treeOf);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return {
    members: Object.entries(value).map(([name, each]) => [JSON.stringify(name), treeOf(each)]),
  };
}

function textOf(tree: Tree): string {
  if (typeof tree === 'string') return tree;
  if (Array.isArray(tree)) return `[${tree.map(textOf).join(',')}]`;
  return `{${tree.members.map(([name, value]) => `${name}:${textOf(value)}`).join(',')}}`;
}

function changedAt(roots: readonly Tree[], at: number, change: Change): Tree[] {
  const wanted = at % Math.max(1, sizeOf(roots));
  let index = 0;
  const visit = (tree: Tree): Tree[] => {
    if (index++ === wanted) return applied(tree, change);
    if (typeof tree === 'string') return [tree];
    if (Array.isArray(tree)) return [tree.flatMap(visit)];
    const members = tree.members.flatMap(([name, value]) =>
      visit(value).map((each) => [name, each] as const),
    );
    return [{ members }];
  };
  return roots.flatMap(visit);
}

function sizeOf(trees: readonly Tree[]): number {
  return trees.reduce((sum, tree) => {
    if (typeof tree === 'string') return sum + 1;
    return sum + 1 + sizeOf(Array.isArray(tree) ? tree : tree.members.map(([, value]) => value));
  }, 0);
}

function applied(tree: Tree, change: Change): Tree[] {
  switch (change.kind) {
    case 'replace':
      return [change.with];
    case 'drop':
      return [];
    case 'twice':
      return [tree, tree];
    case 'wrap':
      return [[tree]];
    case 'add': {
      if (typeof tree === 'string') return [change.value];
      if (Array.isArray(tree)) return [[...tree, change.value]];
      return [{ members: [...tree.members, [change.name, change.value]] }];
    }
  }
}

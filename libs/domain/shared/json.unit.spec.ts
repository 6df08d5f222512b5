import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Json, differingPointers } from './json.js';

/** RFC 8785 for values that JSON.parse can give. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`;
}

function read(pointer: string, value: Json | undefined): Json | undefined {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<Json | undefined>(
      (at, token) =>
        typeof at === 'object' && at !== null && Object.hasOwn(at, token)
          ? (at as Record<string, Json>)[token]
          : undefined,
      value,
    );
}

const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);
/** Few keys and values, so that two of them are often nearly equal. */
const small = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, 0, 1, '', 'a', true),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b/c', '~', '__proto__', 'toString'), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
})).value;

describe('differing pointers', () => {
  it('are none exactly when the canonical JSON is equal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(json, json), fc.tuple(small, small)), ([left, right]) => {
        expect(differingPointers(left, right).length === 0).toBe(
          canonical(left) === canonical(right),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('are none for what went over the wire, whatever the order of its keys', () => {
    const reordered = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(reordered);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, each]) => [key, reordered(each)]),
      );
    };
    fc.assert(
      fc.property(json, (value) => differingPointers(value, reordered(value)).length === 0),
    );
  });

  it('each lead to a place where the two really differ', () => {
    fc.assert(
      fc.property(small, small, (left, right) => {
        for (const pointer of differingPointers(left, right))
          expect(JSON.stringify(read(pointer, left))).not.toBe(
            JSON.stringify(read(pointer, right)),
          );
      }),
    );
  });

  it.each<[string, Json, Json, string[]]>([
    ['a number written in two ways', JSON.parse('{"a":1.0}') as Json, { a: 1 }, []],
    ['null and absent', { a: null }, {}, ['/a']],
    ['the order of an array', [1, 2], [2, 1], ['/0', '/1']],
    ['a longer array', [1], [1, 2], ['/1']],
    ['a key with a slash and a tilde', { 'a/b': { '~': 1 } }, { 'a/b': { '~': 2 } }, ['/a~1b/~0']],
    ['an array and a record', { a: [] }, { a: {} }, ['/a']],
    ['values of another kind', 1, '1', ['']],
    ['a name that every object has', {}, { toString: 1 }, ['/toString']],
  ])('tell %s', (_, left, right, pointers) => {
    expect(differingPointers(left, right)).toEqual(pointers);
  });
});

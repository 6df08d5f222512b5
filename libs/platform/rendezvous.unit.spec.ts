import { describe, expect, it } from 'vitest';
import { ownerOf } from './rendezvous.js';

const KEYS = Array.from({ length: 400 }, (_, number) => `key-${number}`);
const MEMBERS = ['a', 'b', 'c', 'd'];

describe('the owner of a key', () => {
  it('is one of the members, whatever their order, and nobody where there are none', () => {
    for (const key of KEYS) expect(ownerOf(key, MEMBERS.toReversed())).toBe(ownerOf(key, MEMBERS));
    expect(ownerOf('key', [])).toBeUndefined();
  });

  it('is each of them about as often', () => {
    for (const member of MEMBERS) {
      const own = KEYS.filter((key) => ownerOf(key, MEMBERS) === member);
      expect(own.length).toBeGreaterThan(60);
    }
  });

  it('changes only for keys of a member that goes', () => {
    const left = MEMBERS.filter((member) => member !== 'b');
    for (const key of KEYS) {
      const before = ownerOf(key, MEMBERS);
      if (before !== 'b') expect(ownerOf(key, left)).toBe(before);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { SeededRandom } from '#platform/memory';
import { SystemRandom } from '#platform/system';
import { UnsealableError, keyVersionOf, seal, unseal } from './sealing.js';

const random = new SeededRandom('sealing');
const KEY = { version: 3, key: random.bytes(32) };
const PLACE = ['value', 'tnt_a', 'pm_1', 'number'];
const PLAIN = Buffer.from('4242424242424242');
const sealed = seal(KEY, PLACE, PLAIN, random);

describe('a sealed value', () => {
  it('opens with its key at its place, and names the version of the key', () => {
    expect(unseal(KEY, PLACE, sealed).toString()).toBe('4242424242424242');
    expect(keyVersionOf(sealed)).toBe(3);
  });

  it.each([
    ['another tenant', ['value', 'tnt_b', 'pm_1', 'number']],
    ['another token', ['value', 'tnt_a', 'pm_2', 'number']],
    ['another field', ['value', 'tnt_a', 'pm_1', 'expiry']],
    ['the same letters divided otherwise', ['value', 'tnt_ap', 'm_1', 'number']],
    ['fewer parts', ['value', 'tnt_a', 'pm_1']],
  ])('does not open at %s', (_, place) => {
    expect(() => unseal(KEY, place, sealed)).toThrow(UnsealableError);
  });

  it('does not open with another key, nor with the same one under another version', () => {
    const other = { version: 3, key: random.bytes(32) };
    expect(() => unseal(other, PLACE, sealed)).toThrow(UnsealableError);
    expect(() => unseal({ ...KEY, version: 4 }, PLACE, sealed)).toThrow(UnsealableError);
    const relabelled = Buffer.from(sealed);
    relabelled.writeUInt32BE(4, 1);
    expect(() => unseal({ ...KEY, version: 4 }, PLACE, relabelled)).toThrow(UnsealableError);
  });

  it('does not open when any bit of it was changed, or when it was cut', () => {
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => unseal(KEY, PLACE, changed)).toThrow(UnsealableError);
    }
    for (let length = 0; length < sealed.length; length += 1)
      expect(() => unseal(KEY, PLACE, sealed.subarray(0, length))).toThrow(UnsealableError);
  });

  it('has another nonce every time', () => {
    const system = new SystemRandom();
    const nonces = new Set<string>();
    for (let count = 0; count < 20_000; count += 1) {
      const nonce = Buffer.from(seal(KEY, PLACE, PLAIN, system)).subarray(5, 17);
      nonces.add(nonce.toString('hex'));
    }
    expect(nonces.size).toBe(20_000);
  });

  it('shows nothing of what is in it', () => {
    expect(Buffer.from(sealed).includes(PLAIN)).toBe(false);
  });
});

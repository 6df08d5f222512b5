import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base32 } from './base32.js';
import { deriveId, operationKeyHash } from './derived-id.js';

describe('derived ids', () => {
  // Computed with Python's hashlib, base64 and struct.
  it('equal those that another program computes', () => {
    const path = '/v1/payment_intents';
    expect(deriveId('tnt_sandbox', 'agt_demo', 'POST', path, 'order-1')).toBe(
      'xft76urgjlevohfkx5llxsbtqm',
    );
    expect(deriveId('tnt_sandbox', 'agt_demo', 'POST', path, 'ключ ✓')).toBe(
      'g7ziabudcgsvbvcmbzglx326r5',
    );
    expect(operationKeyHash('tnt_sandbox', 'agt_demo', 'order-1')).toBe(
      '9f378aa6b7ac2958dcc2ee4a3bd153a8d4d25b39551f60dd30f4f5a8800d5274',
    );
  });

  it('know where one part ends and the next begins', () => {
    expect(deriveId('a', 'bc')).toBe('wu2m4fvmtsftnar7hgrzltuoby');
    expect(deriveId('ab', 'c')).toBe('6kjz7ebqc3s3wknr4stbzw6toy');
  });

  it('have 26 characters of base32, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (parts) => {
        expect(deriveId(...parts)).toMatch(/^[a-z2-7]{26}$/);
      }),
    );
  });
});

describe('base32', () => {
  it('equals the vectors of RFC 4648, in lower case and without padding', () => {
    const words = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'];
    const encoded = words.map((word) => base32(Buffer.from(word)));
    expect(encoded).toEqual(['', 'my', 'mzxq', 'mzxw6', 'mzxw6yq', 'mzxw6ytb', 'mzxw6ytboi']);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIdempotencyKey } from './idempotency-key.js';

const codeOf = (...headers: string[]) => {
  const parsed = parseIdempotencyKey(headers);
  return parsed.ok ? parsed.key : parsed.code;
};

describe('the idempotency key', () => {
  it('is the header as it is, or what its quotes hold', () => {
    expect(codeOf('order 1, line 2')).toBe('order 1, line 2');
    expect(codeOf('"order 1"')).toBe('order 1');
    expect(codeOf('"a\\"b\\\\c"')).toBe('a"b\\c');
    expect(codeOf('a"b')).toBe('a"b');
  });

  it('is asked for when it is missing', () => {
    expect(codeOf()).toBe('idempotency_key_required');
  });

  it('is refused when it is empty, too long, half quoted, not printable ASCII or given twice', () => {
    const bad = [
      '',
      '  ',
      '""',
      '"',
      '"a',
      '"a"b"',
      'a\tb',
      'ключ',
      'é',
      '\u007f',
      'k'.repeat(256),
    ];
    for (const header of bad) expect(codeOf(header), header).toBe('idempotency_key_invalid');
    expect(codeOf('a', 'a')).toBe('idempotency_key_invalid');
    expect(codeOf('k'.repeat(255))).toBe('k'.repeat(255));
    expect(codeOf(`"${'k'.repeat(255)}"`)).toBe('k'.repeat(255));
  });

  it('is the same with and without quotes', () => {
    const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(printable, (text) => {
        const key = text.trim();
        fc.pre(key !== '' && !key.startsWith('"'));
        const quoted = `"${key.replaceAll(/["\\]/g, '\\$&')}"`;
        expect(codeOf(quoted)).toBe(codeOf(key));
      }),
    );
  });
});

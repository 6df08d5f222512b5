import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseForm } from './stripe.form.js';

const parsed = (text: string) => JSON.parse(JSON.stringify(parseForm(text))) as unknown;

describe('a form', () => {
  it.each([
    ['', {}],
    ['a=1&b=', { a: '1', b: '' }],
    ['a[b]=1&a[c]=2', { a: { b: '1', c: '2' } }],
    ['a[0]=1&a[1]=2', { a: ['1', '2'] }],
    ['a[]=1&a[]=2', { a: ['1', '2'] }],
    ['a[0][b]=1&a[1][b]=2', { a: [{ b: '1' }, { b: '2' }] }],
    ['a%5Bb%5D=x%20y%26', { a: { b: 'x y&' } }],
    ['a[1]=1', { a: { 1: '1' } }],
    ['a=1&a[b]=2', { a: '1' }],
    ['[a]=1&a[=2&a]=3', {}],
    [`a${'[b]'.repeat(9)}=1`, {}],
  ])('%j is read as Stripe reads it', (text, value) => {
    expect(parsed(text)).toEqual(value);
  });

  it('has no names that mean more than themselves', () => {
    const form = parseForm('__proto__[admin]=1&constructor[prototype][admin]=1&a[__proto__]=2');
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
    expect(Object.keys(form)).toEqual(['__proto__', 'constructor', 'a']);
  });

  it('is read without throwing, whatever it is', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseForm(text)));
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonRecord } from '#domain';
import { canonicalJson, requestFingerprint } from './canonical-json.js';

/** The double with these 64 bits, as RFC 8785 lists its samples. */
function double(hex: string): number {
  return Buffer.from(hex, 'hex').readDoubleBE();
}

describe('canonical JSON', () => {
  it('writes the literals, numbers and strings of RFC 8785, section 3.2.2, as it does', () => {
    const given = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalJson(JSON.parse(given) as Json)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('orders members by the UTF-16 code units of their names, as in section 3.2.3', () => {
    const given = String.raw`{
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }`;
    const written = canonicalJson(JSON.parse(given) as Json);
    expect([...written.matchAll(/:"([^"]+)"/g)].map(([, value]) => value)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
    expect(written.startsWith(String.raw`{"\r":"Carriage Return","1":"One",`)).toBe(true);
  });

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s of appendix B as %s', (hex, written) => {
    expect(canonicalJson(double(hex))).toBe(written);
  });

  it('is JSON of the same value, the same for every order of its members', () => {
    const reversed = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      const members = Object.entries(value).reverse();
      return Object.fromEntries(members.map(([name, member]) => [name, reversed(member)]));
    };
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        const written = canonicalJson(json);
        expect(JSON.parse(written)).toEqual(json);
        expect(canonicalJson(reversed(json))).toBe(written);
      }),
    );
  });
});

describe('the fingerprint of a request', () => {
  // Computed with sha256sum over {"amount":1,"currency":"USD"}.
  const EXPECTED = '4d3f8fe35fdf9a372e131a1997ffe62a5c1b1f1cc9a1acb01da2d5da7b0bc0c8';

  it('is the SHA-256 of its canonical JSON, whatever the order of its members', () => {
    expect(requestFingerprint({ amount: 1, currency: 'USD' })).toBe(EXPECTED);
    expect(requestFingerprint({ currency: 'USD', amount: 1 })).toBe(EXPECTED);
  });

  it('tells requests apart that differ in anything', () => {
    const requests: JsonRecord[] = [
      { amount: 1, currency: 'USD' },
      { amount: 2, currency: 'USD' },
      { amount: 1, currency: 'USD', purpose: null },
      { amount: 1, currency: 'USD', distinct_from: ['a', 'b'] },
      { amount: 1, currency: 'USD', distinct_from: ['b', 'a'] },
    ];
    expect(new Set(requests.map((request) => requestFingerprint(request))).size).toBe(
      requests.length,
    );
  });
});

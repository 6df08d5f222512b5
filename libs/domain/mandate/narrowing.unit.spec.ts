import { describe, expect, it } from 'vitest';
import type { MandateTerms } from './mandate.events.js';
import { CHAIN_MAX, wideningsOf } from './narrowing.js';

const PARENT: MandateTerms = {
  agent: 'agt_1',
  valid_from: '2026-01-01T00:00:00Z',
  valid_until: '2026-12-31T00:00:00Z',
  limits: {
    per_payment: { USD: 100, EUR: 90 },
    windows: [
      { name: 'day', calendar: 'day', amount: { USD: 500, EUR: 400 }, count: 10 },
      { name: 'hour', rolling: 'PT60M', count: 3 },
    ],
    lifetime: { USD: 5_000, EUR: 4_000 },
  },
  payees: { allow: ['acme', 'books'] },
};

function child(more: Partial<MandateTerms>): MandateTerms {
  return { agent: 'agt_2', limits: { per_payment: { USD: 1 } }, ...more };
}

function found(more: Partial<MandateTerms>, ...above: MandateTerms[]) {
  return wideningsOf(child(more), above.length > 0 ? above : [PARENT]).map(
    ({ pointer, rule, limit }) => [pointer, rule, limit],
  );
}

const within = (pointer: string, limit?: number | string) => [pointer, 'within_parent', limit];

describe('a mandate under another', () => {
  it('may be as wide as that one, and leave out what that one says', () => {
    const { valid_from, valid_until, limits, payees } = PARENT;
    expect(found({ valid_from, valid_until, limits, payees })).toEqual([]);
    expect(found({})).toEqual([]);
    expect(found({ payees: { allow: [] } })).toEqual([]);
  });

  it.each<[string, Partial<MandateTerms>, unknown[]]>([
    [
      'a larger payment',
      { limits: { per_payment: { USD: 101, EUR: 90 } } },
      [within('/limits/per_payment/USD', 100)],
    ],
    [
      'a larger life',
      { limits: { lifetime: { USD: 5_001 } } },
      [within('/limits/lifetime/USD', 5_000)],
    ],
    [
      'currencies of its own',
      {
        limits: {
          per_payment: { GBP: 1 },
          windows: [{ name: 'w', calendar: 'week', amount: { USD: 1, GBP: 1 } }],
          lifetime: { GBP: 1 },
        },
      },
      ['per_payment', 'windows/0/amount', 'lifetime'].map((at) => [
        `/limits/${at}/GBP`,
        'currency_of_parent',
        undefined,
      ]),
    ],
    [
      'more in the same period, whatever it is called',
      {
        limits: {
          windows: [
            { name: 'd', calendar: 'day', timezone: 'UTC', amount: { USD: 501 }, count: 11 },
            { name: 'h', rolling: 'PT1H', count: 4 },
          ],
        },
      },
      [
        within('/limits/windows/0/amount/USD', 500),
        within('/limits/windows/0/count', 10),
        within('/limits/windows/1/count', 3),
      ],
    ],
    [
      'an earlier beginning and a later end',
      { valid_from: '2025-12-31T23:59:59Z', valid_until: '2026-12-31T00:00:00.001Z' },
      [within('/valid_from', PARENT.valid_from), within('/valid_until', PARENT.valid_until)],
    ],
    ['payees of its own', { payees: { allow: ['acme', 'tools'] } }, [within('/payees/allow')]],
  ])('may not have %s', (_, more, expected) => {
    expect(found(more)).toEqual(expected);
  });

  it('may have more in a period that is another one', () => {
    const windows = [
      { name: 'day', calendar: 'day', timezone: 'Asia/Tokyo', amount: { USD: 900 } } as const,
      { name: 'hour', rolling: 'PT2H', count: 9 },
    ];
    expect(found({ limits: { windows } })).toEqual([]);
  });

  it('is measured by every mandate above, each place named once, with the nearest limit', () => {
    const middle = child({ limits: { per_payment: { USD: 50 } } });
    const limits = { per_payment: { USD: 200 }, lifetime: { USD: 9_000 } };
    expect(found({ limits }, middle, PARENT)).toEqual([
      within('/limits/per_payment/USD', 50),
      within('/limits/lifetime/USD', 5_000),
    ]);
  });

  it('may not lie too deep', () => {
    const above = (count: number) => Array.from({ length: count }, () => child({}));
    expect(found({}, ...above(CHAIN_MAX - 1))).toEqual([]);
    expect(found({}, ...above(CHAIN_MAX))).toEqual([['/parent', 'chain_depth', CHAIN_MAX]]);
  });
});

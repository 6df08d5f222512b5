import { describe, expect, it } from 'vitest';
import type { OurRecord, TheirRecord } from './books.js';
import {
  DAY_MS,
  MARGIN_MS,
  WINDOW,
  ourCharge,
  ourRefund,
  theirCharge,
  theirRefund,
} from './books.fixture.js';
import { compareBooks, isExpected } from './comparison.js';

const MINUTE_MS = 60_000;
const asOfMs = WINDOW.toMs + DAY_MS;
const { fromMs, toMs } = WINDOW;

const compared = (ours: OurRecord[], theirs: TheirRecord[], changes: { asOfMs?: number } = {}) =>
  compareBooks({ ours, theirs, window: WINDOW, marginMs: MARGIN_MS, asOfMs, ...changes });

/** Kind, subject, whose keys, and why. */
const found = (...books: Parameters<typeof compared>) =>
  compared(...books).map(({ kind, subject, ours, theirs, explanation }) =>
    [kind, subject, ours?.key ?? theirs?.key ?? theirs?.reference, explanation].join(' '),
  );

/** A day in which everything agrees. */
const cleanDay = (payments: number) => {
  const ids = Array.from({ length: payments }, (_, index) => `p${index}`);
  return {
    ours: ids.flatMap((id) => [ourCharge(id), ourRefund(id)]),
    theirs: ids.flatMap((id) => [theirCharge(id), theirRefund(id)]),
  };
};

type Planted = [
  name: string,
  plant: (ours: OurRecord[], theirs: TheirRecord[]) => void,
  is: string,
];

const change = <Of extends OurRecord | TheirRecord>(
  records: Of[],
  reference: string,
  to: Partial<Of>,
): void => {
  const index = records.findIndex((each) => each.reference === reference);
  records[index] = { ...(records[index] as Of), ...to };
};
const lose = (records: (OurRecord | TheirRecord)[], reference: string) =>
  records.splice(
    records.findIndex((each) => each.reference === reference),
    1,
  );

const PLANTED: Planted[] = [
  [
    'a charge that nobody here made',
    (_, theirs) => theirs.push(theirCharge('x', { key: null })),
    'missing_here charge ch_x no_key_of_ours',
  ],
  [
    'a charge under a key that was never used',
    (_, theirs) => theirs.push(theirCharge('x')),
    'missing_here charge x-1 key_never_used',
  ],
  [
    'a second charge of one attempt',
    (_, theirs) => theirs.push(theirCharge('p2', { reference: 'ch_again' })),
    'missing_here charge p2-1 key_used_for_another',
  ],
  [
    'a charge that they do not have',
    (_, theirs) => lose(theirs, 'ch_p2'),
    'missing_there charge p2-1 ',
  ],
  [
    'another amount of a charge',
    (_, theirs) => change(theirs, 'ch_p2', { amountMinor: 42 }),
    'amount charge p2-1 ',
  ],
  [
    'another currency of a charge',
    (_, theirs) => change(theirs, 'ch_p2', { currency: 'USD' }),
    'currency charge p2-1 ',
  ],
  [
    'a charge that was let go there',
    (_, theirs) => change(theirs, 'ch_p2', { state: 'voided' }),
    'state charge p2-1 ',
  ],
  [
    'money that a declined attempt took',
    (ours) => change(ours, 'ch_p2', { state: 'none' }),
    'state charge p2-1 ',
  ],
  [
    'a refund that nobody here made',
    (_, theirs) => theirs.push(theirRefund('x', { key: null })),
    'missing_here refund re_x no_key_of_ours',
  ],
  [
    'a refund that they do not have',
    (_, theirs) => lose(theirs, 're_p2'),
    'missing_there refund p2-1-r1 ',
  ],
  [
    'another amount of a refund',
    (_, theirs) => change(theirs, 're_p2', { amountMinor: 1 }),
    'amount refund p2-1-r1 ',
  ],
  [
    'another currency of a refund',
    (_, theirs) => change(theirs, 're_p2', { currency: 'USD' }),
    'currency refund p2-1-r1 ',
  ],
  [
    'a refund that failed there',
    (_, theirs) => change(theirs, 're_p2', { state: 'failed' }),
    'state refund p2-1-r1 ',
  ],
];

describe('two sets of books', () => {
  it('that agree about 10,000 payments have no difference', () => {
    const { ours, theirs } = cleanDay(10_000);
    expect(compared(ours, theirs.reverse())).toEqual([]);
  });

  it.each(PLANTED)('differ by %s, and by nothing else', (_name, plant, difference) => {
    const { ours, theirs } = cleanDay(5);
    plant(ours, theirs);
    expect(found(ours, theirs)).toEqual([difference]);
    expect(compared(ours, theirs).some(isExpected)).toBe(false);
  });

  it('differ by everything that was planted at once', () => {
    const { ours, theirs } = cleanDay(100);
    for (const [, plant] of PLANTED.filter(([name]) => name.includes('nobody')))
      plant(ours, theirs);
    lose(theirs, 'ch_p3');
    lose(theirs, 're_p4');
    change(theirs, 'ch_p5', { amountMinor: 1, currency: 'USD', state: 'held' });
    expect(found(ours, theirs).sort()).toEqual([
      'currency charge p5-1 ',
      'missing_here charge ch_x no_key_of_ours',
      'missing_here refund re_x no_key_of_ours',
      'missing_there charge p3-1 ',
      'missing_there refund p4-1-r1 ',
      'state charge p5-1 ',
    ]);
  });

  it('show both sides of a difference', () => {
    const [ours, theirs] = [ourCharge('a'), theirCharge('a', { amountMinor: 1 })];
    const about = { subject: 'charge', tenant: 'tnt_1' };
    expect(compared([ours], [theirs])).toEqual([
      { kind: 'amount', ...about, ours, theirs, explanation: null },
    ]);
  });
});

describe('whose a difference is', () => {
  it('is said by our record, by our record under the same key, or by nothing', () => {
    const again = theirCharge('a', { reference: 'ch_again' });
    const nobodys = theirCharge('b', { key: null });
    const lost = ourCharge('c', { tenant: 'tnt_2' });
    const differences = compared([ourCharge('a'), lost], [theirCharge('a'), again, nobodys]);
    expect(differences.map(({ kind, tenant }) => [kind, tenant])).toEqual([
      ['missing_there', 'tnt_2'],
      ['missing_here', 'tnt_1'],
      ['missing_here', null],
    ]);
  });
});

describe('what took no money', () => {
  it.each(['none', 'voided'] as const)('is no difference when they show it as %s', (state) => {
    const fenced = ourCharge('a', { state: 'none' });
    expect(found([fenced], [theirCharge('a', { state })])).toEqual([]);
  });

  it('is no difference when they show nothing, unless it was held once', () => {
    expect(found([ourCharge('a', { state: 'none', reference: null })], [])).toEqual([]);
    expect(found([ourRefund('a', { state: 'failed' })], [])).toEqual([]);
    expect(found([ourCharge('a', { state: 'voided' })], [])).toEqual(['missing_there charge a-1 ']);
  });

  it('is no difference when only they know of it', () => {
    for (const state of ['none', 'voided'] as const)
      expect(found([], [theirCharge('a', { state })])).toEqual([]);
    expect(found([], [theirRefund('a', { state: 'failed' })])).toEqual([]);
  });
});

describe('a record without a known name of theirs', () => {
  const unknown = ourCharge('a', { reference: null, state: 'none', open: true, knownAtMs: null });

  it('is found by our key, and in flight until its outcome is known here', () => {
    expect(found([unknown], [theirCharge('a')])).toEqual(['state charge a-1 in_flight']);
    expect(found([unknown], [])).toEqual(['missing_there charge a-1 in_flight']);
    expect(compared([unknown], []).every(isExpected)).toBe(true);
  });

  it('goes with the one of several that holds money; every other one that does is one too many', () => {
    const theirs = [
      theirCharge('a', { reference: 'ch_1', state: 'none' }),
      theirCharge('a', { reference: 'ch_2' }),
    ];
    expect(found([ourCharge('a', { reference: null })], theirs)).toEqual([]);
    const twice = [...theirs, theirCharge('a', { reference: 'ch_3' })];
    expect(found([ourCharge('a', { reference: null })], twice)).toEqual([
      'missing_here charge a-1 key_used_for_another',
    ]);
  });

  it('is found by our key, too, where that stands for the name', () => {
    expect(found([ourCharge('a', { reference: 'a-1' })], [theirCharge('a')])).toEqual([]);
  });

  it('is not taken for a refund under the same text', () => {
    const refund = theirRefund('a', { key: 'a-1', reference: 'ch_a' });
    expect(found([ourCharge('a')], [theirCharge('a'), refund])).toEqual([
      'missing_here refund a-1 key_never_used',
    ]);
  });
});

describe('what goes on while the books are read', () => {
  it('is in flight: a call that is open, a refund that is taken on, a change since they were asked', () => {
    const held = theirCharge('a', { state: 'held' });
    const open = ourCharge('a', { state: 'captured', open: true });
    expect(found([open], [held])).toEqual(['state charge a-1 in_flight']);
    const takenOn = ourRefund('a', { state: 'pending', open: true });
    expect(found([takenOn], [theirRefund('a')])).toEqual(['state refund a-1-r1 in_flight']);
    const changed = ourCharge('a', { changedAtMs: asOfMs });
    expect(found([changed], [held])).toEqual(['state charge a-1 in_flight']);
    const begun = ourCharge('a', { knownAtMs: asOfMs + 1 });
    expect(found([begun], [])).toEqual(['missing_there charge a-1 in_flight']);
  });

  it('excuses no other amount', () => {
    const open = ourCharge('a', { open: true, amountMinor: 1 });
    expect(found([open], [theirCharge('a')])).toEqual(['amount charge a-1 ']);
  });
});

describe('the edges of the window', () => {
  it('belong to whoever began within them, however late the other side was', () => {
    const ours = ourCharge('a', { atMs: toMs - 1, knownAtMs: toMs + MINUTE_MS });
    expect(found([ours], [theirCharge('a', { atMs: toMs + MINUTE_MS })])).toEqual([]);
    const early = ourCharge('b', { atMs: fromMs });
    expect(found([early], [theirCharge('b', { atMs: fromMs - MINUTE_MS })])).toEqual([]);
  });

  it('leave what began outside of them to other windows', () => {
    for (const atMs of [fromMs - 1, toMs]) {
      expect(found([], [theirCharge('a', { atMs })])).toEqual([]);
      expect(found([ourCharge('a', { atMs })], [])).toEqual([]);
      const other = theirCharge('a', { atMs, amountMinor: 1 });
      expect(found([ourCharge('a', { atMs })], [other])).toEqual([]);
    }
  });

  it('explain what they may have made after what was listed', () => {
    const late = ourRefund('a', { knownAtMs: toMs + MARGIN_MS });
    expect(found([late], [])).toEqual(['missing_there refund a-1-r1 after_the_window']);
    expect(compared([late], []).every(isExpected)).toBe(true);
  });

  it('let what began here long before be judged where they made it', () => {
    const ours = ourRefund('a', { atMs: fromMs - 2 * DAY_MS });
    expect(found([ours], [theirRefund('a')])).toEqual([]);
    expect(found([ours], [theirRefund('a', { amountMinor: 1 })])).toEqual([
      'amount refund a-1-r1 ',
    ]);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BookedState, OurRecord, TheirRecord } from './books.js';
import { DAY_MS, MARGIN_MS, MIDNIGHT_MS, WINDOW, ourCharge, theirCharge } from './books.fixture.js';
import { compareBooks } from './comparison.js';

/** What both sides may say about the same thing, when they agree. */
const AGREED: readonly (readonly ['charge' | 'refund', BookedState, BookedState | null])[] = [
  ['charge', 'captured', 'captured'],
  ['charge', 'held', 'held'],
  ['charge', 'voided', 'voided'],
  ['charge', 'none', 'none'],
  ['charge', 'none', 'voided'],
  ['charge', 'none', null],
  ['refund', 'returned', 'returned'],
  ['refund', 'pending', 'pending'],
  ['refund', 'failed', 'failed'],
  ['refund', 'failed', null],
];

const agreed = fc.record({
  states: fc.constantFrom(...AGREED),
  amountMinor: fc.integer({ min: 1, max: 1_000_000 }),
  currency: fc.constantFrom('EUR', 'JPY', 'KWD'),
  /** From the day before to the day after. */
  atMs: fc.integer({ min: MIDNIGHT_MS - DAY_MS, max: MIDNIGHT_MS + 2 * DAY_MS }),
  lateMs: fc.integer({ min: -MARGIN_MS / 2, max: MARGIN_MS / 2 }),
  isNamed: fc.boolean(),
});

type Agreed = typeof agreed extends fc.Arbitrary<infer Record> ? Record : never;

function booksOf(records: readonly Agreed[]) {
  const ours: OurRecord[] = [];
  const theirs: TheirRecord[] = [];
  records.forEach(({ states, amountMinor, currency, atMs, lateMs, isNamed }, index) => {
    const [subject, ourState, theirState] = states;
    const known = { subject, amountMinor, currency };
    const times = { atMs, knownAtMs: atMs + lateMs, changedAtMs: atMs + lateMs };
    const named = isNamed ? {} : { reference: null };
    ours.push(ourCharge(`p${index}`, { ...known, state: ourState, ...times, ...named }));
    if (theirState === null) return;
    const there = { ...known, state: theirState, atMs: atMs + lateMs };
    theirs.push(theirCharge(`p${index}`, there));
  });
  return { ours, theirs };
}

const compare = ({ ours, theirs }: ReturnType<typeof booksOf>) => {
  const asOfMs = WINDOW.toMs + 2 * DAY_MS;
  return compareBooks({ ours, theirs, window: WINDOW, marginMs: MARGIN_MS, asOfMs });
};

it('finds nothing in books that agree, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.array(agreed, { maxLength: 60 }), fc.boolean(), (records, isReversed) => {
      const books = booksOf(records);
      if (isReversed) books.theirs.reverse();
      expect(compare(books)).toEqual([]);
    }),
  );
});

it('finds each record that one side lost, if it moved money and belongs to the window', () => {
  fc.assert(
    fc.property(fc.array(agreed, { minLength: 1, maxLength: 40 }), fc.nat(), (records, pick) => {
      const books = booksOf(records);
      const lost = books.theirs[pick % Math.max(1, books.theirs.length)];
      if (!lost) return;
      const theirs = books.theirs.filter((each) => each !== lost);
      const own = books.ours.find(({ key }) => key === lost.key);
      const { fromMs, toMs } = WINDOW;
      const isDue =
        own !== undefined &&
        !['none', 'failed'].includes(own.state) &&
        own.atMs >= fromMs &&
        own.atMs < toMs;
      const found = compare({ ...books, theirs }).map(({ kind, ours }) => [kind, ours?.key]);
      expect(found).toEqual(isDue ? [['missing_there', lost.key]] : []);
    }),
  );
});

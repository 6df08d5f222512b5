import type { BookedSubject, BooksWindow, OurRecord, TheirRecord } from './books.js';
import { matchBooks } from './matching.js';

export const DIFFERENCE_KINDS = [
  'missing_here',
  'missing_there',
  'amount',
  'currency',
  'state',
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export type Explanation =
  /** What became of it is not known here yet, or the processor decides later. */
  | 'in_flight'
  /** They may have made it after what they were asked for. */
  | 'after_the_window'
  | 'no_key_of_ours'
  | 'key_never_used'
  /** We know another record of theirs under its key: it was made twice. */
  | 'key_used_for_another';

/** These end by themselves, and the next comparison shows it. All others a human has to look at. */
const EXPECTED: readonly (Explanation | null)[] = ['in_flight', 'after_the_window'];

export interface Difference {
  readonly kind: DifferenceKind;
  readonly subject: BookedSubject;
  /** Whose payment it is about; null where nobody here knows. */
  readonly tenant: string | null;
  readonly ours: OurRecord | null;
  readonly theirs: TheirRecord | null;
  readonly explanation: Explanation | null;
}

export interface BooksToCompare {
  /** Those of the window; those from elsewhere that go with what they list in it may be among them. */
  readonly ours: readonly OurRecord[];
  /** Those of the window, and of `marginMs` before and after it. */
  readonly theirs: readonly TheirRecord[];
  readonly window: BooksWindow;
  readonly marginMs: number;
  /** When the listing of theirs began. Ours were read afterwards. */
  readonly asOfMs: number;
}

export const isExpected = ({ explanation }: Difference): boolean => EXPECTED.includes(explanation);

/**
 * What the books disagree about, both ways. Every record of ours belongs to the window that it began in, and every one of theirs that is
 * not here to the window that they made it in, so that windows one after the other show everything, once.
 */
export function compareBooks(books: BooksToCompare): Difference[] {
  const { pairs, oursAlone, theirsAlone } = matchBooks(books.ours, books.theirs);
  const byKey = new Map(books.ours.map((ours) => [`${ours.subject} ${ours.key}`, ours]));
  return [
    ...pairs
      .filter(([ours, theirs]) => isJudgedHere(ours, theirs, books))
      .flatMap(([ours, theirs]) => differencesOf(ours, theirs, books)),
    ...oursAlone
      .filter((ours) => isIn(books.window, ours) && mustBeThere(ours))
      .map((ours) => missingThere(ours, books)),
    ...theirsAlone
      .filter((theirs) => isIn(books.window, theirs) && movesMoney(theirs))
      .map((theirs) => missingHere(theirs, byKey)),
  ];
}

/** Whoever began long before the processor did is only seen from the processor's side. */
const isJudgedHere = (ours: OurRecord, theirs: TheirRecord, { window, marginMs }: BooksToCompare) =>
  isIn(window, ours) || (isIn(window, theirs) && Math.abs(ours.atMs - theirs.atMs) >= marginMs);

function differencesOf(
  ours: OurRecord,
  theirs: TheirRecord,
  { asOfMs }: BooksToCompare,
): Difference[] {
  const difference = (kind: DifferenceKind, explanation: Explanation | null = null) => {
    const { subject, tenant } = ours;
    return { kind, subject, tenant, ours, theirs, explanation };
  };
  if (!movesMoney(ours) && !movesMoney(theirs)) return [];
  const isSettling = ours.open || ours.changedAtMs >= asOfMs;
  const isSame = ours.state === theirs.state;
  return [
    ...(ours.currency === theirs.currency ? [] : [difference('currency')]),
    ...(isSame ? [] : [difference('state', isSettling ? 'in_flight' : null)]),
    ...(isSame && ours.currency === theirs.currency && ours.amountMinor !== theirs.amountMinor
      ? [difference('amount')]
      : []),
  ];
}

function missingThere(ours: OurRecord, { window, marginMs, asOfMs }: BooksToCompare): Difference {
  const isSettling = ours.knownAtMs === null || ours.knownAtMs >= asOfMs;
  const isLate = (ours.knownAtMs ?? 0) >= window.toMs + marginMs;
  const explanation = isSettling ? 'in_flight' : isLate ? 'after_the_window' : null;
  const { subject, tenant } = ours;
  return { kind: 'missing_there', subject, tenant, ours, theirs: null, explanation };
}

function missingHere(theirs: TheirRecord, byKey: ReadonlyMap<string, OurRecord>): Difference {
  const { subject, key } = theirs;
  const other = byKey.get(`${subject} ${key}`);
  const known = other ? 'key_used_for_another' : 'key_never_used';
  const explanation = key === null ? 'no_key_of_ours' : known;
  const tenant = other?.tenant ?? null;
  return { kind: 'missing_here', subject, tenant, ours: null, theirs, explanation };
}

/** What proved to have taken nothing need not have left a trace. */
const mustBeThere = (ours: OurRecord) => ours.open || movesMoney(ours) || ours.state === 'voided';

const movesMoney = ({ state }: OurRecord | TheirRecord) =>
  state === 'held' || state === 'captured' || state === 'pending' || state === 'returned';

export const isIn = ({ fromMs, toMs }: BooksWindow, { atMs }: { atMs: number }) =>
  atMs >= fromMs && atMs < toMs;

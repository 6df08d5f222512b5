import type { OurRecord, TheirRecord } from './books.js';

export interface MatchedBooks {
  readonly pairs: readonly (readonly [ours: OurRecord, theirs: TheirRecord])[];
  readonly oursAlone: readonly OurRecord[];
  readonly theirsAlone: readonly TheirRecord[];
}

/** By the processor's name first. By our key only where we know no other name of theirs, and then what holds money goes first. */
export function matchBooks(
  ours: readonly OurRecord[],
  theirs: readonly TheirRecord[],
): MatchedBooks {
  const byReference = new Map<string, OurRecord>();
  const byKey = new Map<string, OurRecord>();
  for (const record of ours) {
    if (isNamed(record)) byReference.set(`${record.subject} ${record.reference}`, record);
    else byKey.set(`${record.subject} ${record.key}`, record);
  }
  const pairs: [OurRecord, TheirRecord][] = [];
  const matched = new Set<OurRecord>();
  const claim = (record: OurRecord | undefined, their: TheirRecord) => {
    if (!record || matched.has(record)) return false;
    matched.add(record);
    pairs.push([record, their]);
    return true;
  };
  const unnamed = theirs.filter(
    (their) => !claim(byReference.get(`${their.subject} ${their.reference}`), their),
  );
  const theirsAlone = unnamed
    .sort((one, other) => rank(one) - rank(other))
    .filter(
      (their) => their.key === null || !claim(byKey.get(`${their.subject} ${their.key}`), their),
    );
  return { pairs, oursAlone: ours.filter((record) => !matched.has(record)), theirsAlone };
}

/** Where a processor had not answered with its own name, ours stands for it. */
const isNamed = ({ reference, key }: OurRecord) => reference !== null && reference !== key;

const rank = ({ state }: TheirRecord) => (['none', 'voided', 'failed'].includes(state) ? 1 : 0);

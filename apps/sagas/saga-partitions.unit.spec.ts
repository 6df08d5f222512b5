import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deriveId } from '#contracts';
import { FOLLOWED_STREAMS } from './log-feeds.js';
import { SAGA_PARTITIONS } from './saga-partitions.js';

function sharesOf(stream: string): string[] {
  return SAGA_PARTITIONS.filter(({ streamPrefixes }) =>
    streamPrefixes.some((prefix) => stream.startsWith(prefix)),
  ).map(({ name }) => name);
}

it('has every followed stream in one share, and no other', () => {
  fc.assert(
    fc.property(fc.string(), fc.uuid(), (key, event) => {
      expect(sharesOf(`payment_intent-${deriveId(key)}`)).toHaveLength(1);
      expect(sharesOf(`processor_notice-${deriveId(key)}`)).toHaveLength(1);
      expect(sharesOf(`parked_delivery-${event}`)).toHaveLength(1);
      expect(sharesOf(`mandate-${deriveId(key)}`)).toEqual([]);
    }),
  );
  const categories = SAGA_PARTITIONS.flatMap(({ streamPrefixes }) => streamPrefixes);
  expect(new Set(categories.map((prefix) => prefix.replace(/[^-]*$/, '')))).toEqual(
    new Set(FOLLOWED_STREAMS.streamPrefixes),
  );
});

it('spreads payments evenly', () => {
  const counts = new Map<string, number>();
  for (let number = 0; number < 3_200; number += 1) {
    const [share = ''] = sharesOf(`payment_intent-${deriveId(`${number}`)}`);
    counts.set(share, (counts.get(share) ?? 0) + 1);
  }
  expect(counts.size).toBe(SAGA_PARTITIONS.length);
  expect(Math.min(...counts.values())).toBeGreaterThan(100);
});

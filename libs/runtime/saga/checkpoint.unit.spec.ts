import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Progress, START } from './checkpoint.js';

it('names as its low end only positions that the log gave out, however many it leaves out', () => {
  const progress = new Progress(START);
  progress.begin(12);
  expect(progress.checkpoint().low).toBe(-1);
  progress.scanned(40);
  for (const position of [57, 93, 110]) progress.begin(position);
  expect(progress.begin(57)).toBe(false);
  progress.acknowledge(12);
  progress.acknowledge(93);
  expect(progress.checkpoint()).toEqual({ low: 40, scannedTo: 110, open: [57, 110] });
  expect(progress.begin(93)).toBe(false);
  progress.acknowledge(57);
  expect(progress.checkpoint()).toEqual({ low: 93, scannedTo: 110, open: [110] });
});

it('covers, wherever a crash falls, everything acknowledged and nothing that is open', () => {
  const positions = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1 });
  const plan = fc.array(fc.tuple(fc.boolean(), fc.nat()), { maxLength: 100 });
  fc.assert(
    fc.property(positions, plan, (some, steps) => {
      const log = some.toSorted((a, b) => a - b);
      let progress = new Progress(START);
      const done = new Set<number>();
      let open: number[] = [];
      let next = 0;
      for (const [reads, chosen] of steps) {
        const position = log[next];
        if (reads && position !== undefined) {
          next += 1;
          expect(progress.begin(position)).toBe(!done.has(position));
          if (!done.has(position)) open.push(position);
        } else if (open.length > 0) {
          const [acknowledged] = open.splice(chosen % open.length, 1);
          progress.acknowledge(acknowledged ?? -1);
          done.add(acknowledged ?? -1);
        }
        expect(progress.openCount).toBe(open.length);
        const { low, scannedTo, open: left } = progress.checkpoint();
        const covered = log.filter((at) => at <= low || (at <= scannedTo && !left.includes(at)));
        expect(covered).toEqual(log.filter((at) => done.has(at)));
        // A log can be read on from its own positions only.
        expect([-1, ...log]).toContain(low);
        if (chosen % 10 === 0) {
          progress = new Progress(progress.checkpoint());
          next = log.findIndex((at) => at > low);
          if (next < 0) next = log.length;
          open = [];
        }
      }
    }),
    { numRuns: 500 },
  );
});

it('is as large as what is open, not as what was done since', () => {
  const progress = new Progress(START);
  for (let position = 0; position < 100_000; position += 1) {
    progress.begin(position);
    if (position !== 7) progress.acknowledge(position);
  }
  expect(progress.checkpoint()).toEqual({ low: 6, scannedTo: 99_999, open: [7] });
});

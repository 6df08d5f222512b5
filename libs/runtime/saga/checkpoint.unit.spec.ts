import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Progress } from './checkpoint.js';

it('names as its low end only positions that the log gave out, however many it leaves out', () => {
  const progress = new Progress({ low: -1, acknowledged: [] });
  progress.begin(12);
  expect(progress.checkpoint().low).toBe(-1);
  progress.scanned(40);
  for (const position of [57, 93, 110]) progress.begin(position);
  progress.begin(57);
  progress.acknowledge(12);
  progress.acknowledge(93);
  expect(progress.checkpoint()).toEqual({ low: 40, acknowledged: [93] });
  progress.acknowledge(57);
  expect(progress.checkpoint()).toEqual({ low: 93, acknowledged: [] });
});

it('covers, wherever a crash falls, everything acknowledged and nothing that is open', () => {
  const positions = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1 });
  const plan = fc.array(fc.tuple(fc.boolean(), fc.nat()), { maxLength: 100 });
  fc.assert(
    fc.property(positions, plan, (some, steps) => {
      const log = some.toSorted((a, b) => a - b);
      let progress = new Progress({ low: -1, acknowledged: [] });
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
        const { low, acknowledged } = progress.checkpoint();
        const covered = (at: number) => at <= low || acknowledged.includes(at);
        expect(log.slice(0, next).filter(covered)).toEqual(
          log.slice(0, next).filter((at) => done.has(at)),
        );
        expect(log.slice(next).some((at) => at <= low)).toBe(false);
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

import { expect, it } from 'vitest';
import { SeededRandom } from '#platform/memory';
import { ReconnectBackoff } from './reconnect.backoff.js';

it('waits longer each time, up to five seconds, and never as long as others do', () => {
  const waits = (seed: number) => {
    const backoff = new ReconnectBackoff(new SeededRandom(seed));
    return Array.from({ length: 50 }, () => backoff.failed());
  };
  const [one, other] = [waits(1), waits(2)];
  [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000].forEach((longest, turn) => {
    expect(one[turn]).toBeGreaterThanOrEqual(longest / 2);
    expect(one[turn]).toBeLessThanOrEqual(longest);
  });
  expect(Math.max(...one)).toBeLessThanOrEqual(5_000);
  expect(one.filter((wait, turn) => wait === other[turn]).length).toBeLessThan(10);
});

it('begins again after it succeeded', () => {
  const backoff = new ReconnectBackoff(new SeededRandom(1));
  for (let turn = 0; turn < 10; turn += 1) backoff.failed();
  expect(backoff.delayMs).toBeGreaterThanOrEqual(2_500);
  backoff.succeeded();
  expect(backoff.delayMs).toBeLessThanOrEqual(100);
});

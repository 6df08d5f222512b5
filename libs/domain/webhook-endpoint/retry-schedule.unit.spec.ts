import { describe, expect, it } from 'vitest';
import { WEBHOOK_PATIENCE_MS, nextTryMs } from './retry-schedule.js';

const HOUR_MS = 3_600_000;

/** Delays in seconds until nothing follows, each try failing the moment it is due. */
function delays(spread: number): number[] {
  const found: number[] = [];
  let nowMs = 0;
  for (let attempt = 1; attempt < 100; attempt += 1) {
    const next = nextTryMs(0, nowMs, attempt, spread);
    if (next === null) return found;
    found.push((next - nowMs) / 1_000);
    nowMs = next;
  }
  throw new Error('it never ends');
}

describe('the schedule of tries', () => {
  it('waits three times as long each time, up to six hours', () => {
    expect(delays(0.5).slice(0, 11)).toEqual([
      5, 15, 45, 135, 405, 1215, 3645, 10_935, 21_600, 21_600, 21_600,
    ]);
  });

  it.each([0, 0.25, 0.5, 0.75, 1])(
    'ends exactly three days after the first, spread by %s',
    (spread) => {
      const sum = delays(spread).reduce((total, delay) => total + delay, 0);
      expect(sum * 1_000).toBe(WEBHOOK_PATIENCE_MS);
      expect(delays(spread).length).toBeGreaterThan(15);
      expect(delays(spread).length).toBeLessThan(30);
    },
  );

  it('spreads each delay by a quarter to both sides', () => {
    expect(nextTryMs(0, 0, 8, 0)).toBe(10_935_000 * 0.75);
    expect(nextTryMs(0, 0, 8, 1)).toBe(10_935_000 * 1.25);
  });

  it('counts from the first failure and not from the last', () => {
    expect(nextTryMs(0, WEBHOOK_PATIENCE_MS - 1, 1, 0.5)).toBe(WEBHOOK_PATIENCE_MS);
    expect(nextTryMs(0, WEBHOOK_PATIENCE_MS, 1, 0.5)).toBeNull();
    expect(nextTryMs(HOUR_MS, WEBHOOK_PATIENCE_MS, 1, 0.5)).toBe(WEBHOOK_PATIENCE_MS + 5_000);
  });

  it('bears any number of tries', () => {
    expect(nextTryMs(0, 0, 1_000_000, 0.5)).toBe(6 * HOUR_MS);
  });
});

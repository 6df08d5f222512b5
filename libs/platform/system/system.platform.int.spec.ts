import { expect, it, vi } from 'vitest';
import { SystemClock } from './system.clock.js';
import { SystemRandom } from './system.random.js';
import { SystemTimers } from './system.timers.js';

it('tells wall-clock time and a time that only moves forward', async () => {
  const clock = new SystemClock();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
  const before = clock.monotonicMs();
  await new Promise<void>((resolve) => new SystemTimers().after(2, resolve));
  expect(clock.monotonicMs()).toBeGreaterThan(before);
});

it('does not fire a timer of 30 days at once, nor a cancelled one at all', async () => {
  const timers = new SystemTimers();
  const fire = vi.fn();
  const cancelLong = timers.after(30 * 24 * 3_600_000, fire);
  timers.after(1, fire)();
  await new Promise<void>((resolve) => timers.after(10, resolve));
  expect(fire).not.toHaveBeenCalled();
  cancelLong();
});

it('gives random bytes and UUIDs that differ', () => {
  const random = new SystemRandom();
  expect(random.bytes(16)).toHaveLength(16);
  expect(random.bytes(16)).not.toEqual(random.bytes(16));
  expect(random.uuid()).not.toBe(random.uuid());
});

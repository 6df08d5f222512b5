import { expect, it } from 'vitest';
import { SeededRandom } from './seeded.random.js';
import { VirtualClock } from './virtual.clock.js';
import { VirtualTimers } from './virtual.timers.js';

it('fires due timers in order, each at its own time, and stops at the end of the step', async () => {
  const clock = new VirtualClock(1_000);
  const timers = new VirtualTimers(clock);
  const fired: string[] = [];
  const note = (name: string) => () => void fired.push(`${name}@${clock.now()}`);
  timers.after(30, note('c'));
  timers.after(10, note('a'));
  timers.after(10, note('b'));
  timers.after(51, note('late'));
  await timers.advance(50);
  expect(fired).toEqual(['a@1010', 'b@1010', 'c@1030']);
  expect([clock.now(), clock.monotonicMs()]).toEqual([1_050, 50]);
  await timers.advance(1);
  expect(fired.at(-1)).toBe('late@1051');
});

it('fires what fired timers and their promises set off within the step', async () => {
  const timers = new VirtualTimers(new VirtualClock());
  let ticks = 0;
  const tick = async (): Promise<void> => {
    ticks++;
    await Promise.resolve();
    timers.after(10, () => void tick());
  };
  void tick();
  await timers.advance(100);
  expect(ticks).toBe(11);
});

it('does not fire a cancelled timer', () => {
  const timers = new VirtualTimers(new VirtualClock());
  timers.after(5, () => expect.unreachable())();
  expect(timers.fireNext()).toBe(false);
  expect(timers.nextDueMs()).toBeUndefined();
});

it('gives the same bytes for the same seed, however they are asked for', () => {
  const [one, two, other] = [new SeededRandom(7), new SeededRandom(7), new SeededRandom(8)];
  const bytes = one.bytes(50);
  expect(Buffer.concat([two.bytes(20), two.bytes(30)])).toEqual(bytes);
  expect(other.bytes(50)).not.toEqual(bytes);
  expect(one.uuid()).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const drawn = Array.from({ length: 200 }, () => one.below(6));
  expect(new Set(drawn)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
});

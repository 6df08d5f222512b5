import { expect, it } from 'vitest';
import { SeededRandom, VirtualClock, VirtualTimers } from '#platform/memory';
import { CallAttempts, type CallTime } from './call.attempts.js';
import { answerWithin } from './call.deadline.js';
import { CallError } from './call.error.js';
import { CallSlots } from './call.slots.js';

function attemptsOf(limits: { attemptMs: number; totalMs: number }) {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const attempts = new CallAttempts({ clock, timers, random: new SeededRandom(1) }, limits);
  return { clock, timers, attempts };
}

const unanswered = () => new CallError('deadline-exceeded', 'no answer');

it('tries again until there is an answer, after pauses that grow and are never the same', async () => {
  const { clock, timers, attempts } = attemptsOf({ attemptMs: 1_000, totalMs: 10_000 });
  const startedAt: number[] = [];
  const answer = attempts.until(async () => {
    startedAt.push(clock.monotonicMs());
    if (startedAt.length < 5) throw unanswered();
    return 'an answer';
  });
  await timers.advance(5_000);
  expect(await answer).toBe('an answer');
  const pauses = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0));
  for (const [index, pause] of pauses.entries()) {
    expect(pause).toBeGreaterThanOrEqual(12.5 * 2 ** index);
    expect(pause).toBeLessThanOrEqual(25 * 2 ** index);
  }
});

it('gives up when its time is over, and lets no try take more than what is left of it', async () => {
  const { clock, timers, attempts } = attemptsOf({ attemptMs: 400, totalMs: 1_000 });
  const times: number[] = [];
  const hang = (time: CallTime) => {
    times.push(time.attemptMs());
    return answerWithin(timers, time.attemptMs(), new Promise<never>(() => {}));
  };
  let gaveUpAt = Infinity;
  const result = attempts.until(hang).catch((error: unknown) => {
    gaveUpAt = clock.monotonicMs();
    return error;
  });
  await timers.advance(5_000);
  expect(await result).toMatchObject({ type: 'deadline-exceeded' });
  expect(gaveUpAt).toBeLessThanOrEqual(1_000);
  expect(times.slice(0, 2)).toEqual([400, 400]);
  expect(times.at(-1)).toBeLessThan(200);
});

it('does not try again what would end the same', async () => {
  const { attempts } = attemptsOf({ attemptMs: 1_000, totalMs: 10_000 });
  let tries = 0;
  const denied = Object.assign(new Error('no'), { type: 'access-denied' });
  const result = attempts.until(async () => {
    tries++;
    throw denied;
  });
  await expect(result).rejects.toBe(denied);
  expect(tries).toBe(1);
});

it('makes no further try once it was ended, not even after a pause under way', async () => {
  const { timers, attempts } = attemptsOf({ attemptMs: 1_000, totalMs: 10_000 });
  let tries = 0;
  const result = attempts
    .until(async () => {
      tries++;
      throw unanswered();
    })
    .catch((error: unknown) => error);
  await timers.advance(1);
  attempts.end();
  await timers.advance(10_000);
  expect(await result).toBeInstanceOf(CallError);
  expect(tries).toBe(1);
});

it('lets only so many calls go on at once, and the others in order', async () => {
  const timers = new VirtualTimers(new VirtualClock());
  const slots = new CallSlots(timers, 2, 10);
  const started: number[] = [];
  const finish: (() => void)[] = [];
  const calls = [0, 1, 2, 3].map((number) =>
    slots.run(1_000, () => {
      started.push(number);
      return new Promise<void>((resolve) => finish.push(resolve));
    }),
  );
  await timers.advance(0);
  expect(started).toEqual([0, 1]);
  finish[1]?.();
  await timers.advance(0);
  expect(started).toEqual([0, 1, 2]);
  for (const each of [0, 2]) finish[each]?.();
  await timers.advance(0);
  finish[3]?.();
  await Promise.all(calls);
  expect(started).toEqual([0, 1, 2, 3]);
});

it('sends nothing of a call whose turn does not come, and of more than may wait', async () => {
  const timers = new VirtualTimers(new VirtualClock());
  const slots = new CallSlots(timers, 1, 1);
  let isSent = false;
  const send = async () => void (isSent = true);
  const first = slots.run(1_000, () => new Promise<never>(() => {}));
  const waits = slots.run(500, send).catch((error: unknown) => error);
  await expect(slots.run(500, send)).rejects.toMatchObject({ type: 'no-slot' });
  await timers.advance(500);
  expect(await waits).toMatchObject({ type: 'no-slot' });
  const late = slots.run(500, send).catch((error: unknown) => error);
  slots.end();
  expect(await late).toMatchObject({ type: 'no-slot' });
  expect(isSent).toBe(false);
  void first;
});

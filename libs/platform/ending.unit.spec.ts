import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Ending } from './ending.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const never = new Promise<never>(() => {});

it('gives what the work comes to while it goes on, be it a failure', async () => {
  const ending = new Ending();
  expect(await ending.or(Promise.resolve(7))).toBe(7);
  await expect(ending.or(Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(ending.isOver).toBe(false);
});

it('ends every wait at once, those that begin later included', async () => {
  const ending = new Ending();
  const waits = [ending.or(never), ending.or(never)];
  ending.end();
  expect(await Promise.all([...waits, ending.or(never)])).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(ending.isOver).toBe(true);
});

it('has nobody to answer for a failure that comes after the end', async () => {
  const ending = new Ending();
  let fail = (_: Error): void => undefined;
  const wait = ending.or(new Promise((_, reject) => (fail = reject)));
  ending.end();
  expect(await wait).toBeUndefined();
  fail(new Error('late'));
  await nextTurn();
});

it('keeps nothing of what was waited for', async () => {
  const ending = new Ending();
  const answers: WeakRef<object>[] = [];
  for (let times = 0; times < 100; times += 1) {
    const answer = await ending.or(Promise.resolve({ times }));
    answers.push(new WeakRef(answer ?? {}));
  }
  await nextTurn();
  collectGarbage();
  // The last one may still be on the stack.
  expect(answers.slice(0, -1).filter((answer) => answer.deref() !== undefined)).toEqual([]);
  ending.end();
});

import { describe, expect, it } from 'vitest';
import { INITIAL_PAYMENT_INTENT } from '#domain';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { Conclusions } from './conclusions.js';

function started() {
  const timers = new VirtualTimers(new VirtualClock());
  return { timers, conclusions: new Conclusions(timers) };
}

const payment = (id: string) => ({ ...INITIAL_PAYMENT_INTENT, id });

describe('a wait for a conclusion', () => {
  it('ends for everyone who waits for this payment, and for nobody else', async () => {
    const { timers, conclusions } = started();
    const ours = [conclusions.wait('a', 'a', 1_000), conclusions.wait('a', 'a', 5_000)];
    const other = conclusions.wait('b', 'b', 1_000);
    const state = payment('a');
    conclusions.concluded('a', state);
    expect(await Promise.all(ours.map(({ conclusion }) => conclusion))).toEqual([state, state]);
    await timers.advance(1_000);
    expect(await other.conclusion).toBeNull();
  });

  it('ends with nothing when its time is up', async () => {
    const { timers, conclusions } = started();
    const short = conclusions.wait('a', 'a', 100);
    const long = conclusions.wait('a', 'a', 200);
    await timers.advance(100);
    expect(await short.conclusion).toBeNull();
    const state = payment('a');
    conclusions.concluded('a', state);
    expect(await long.conclusion).toBe(state);
  });

  it('leaves no timer behind, however it ends', async () => {
    const { timers, conclusions } = started();
    conclusions.wait('a', 'a', 1_000);
    conclusions.concluded('a', payment('a'));
    const given = conclusions.wait('b', 'b', 1_000);
    given.end();
    given.end();
    expect(await given.conclusion).toBeNull();
    expect(timers.nextDueMs()).toBeUndefined();
  });

  it('begins anew for the same payment', async () => {
    const { conclusions } = started();
    conclusions.wait('a', 'a', 1_000).end();
    const again = conclusions.wait('a', 'a', 1_000);
    const state = payment('a');
    conclusions.concluded('a', state);
    expect(await again.conclusion).toBe(state);
  });

  it('does not see a conclusion from before it began', async () => {
    const { timers, conclusions } = started();
    conclusions.concluded('a', payment('a'));
    const late = conclusions.wait('a', 'a', 50);
    await timers.advance(50);
    expect(await late.conclusion).toBeNull();
  });

  it('ends with nothing for all that is asked of a payment that now waits for a human', async () => {
    const { timers, conclusions } = started();
    const waits = [conclusions.wait('a', 'a', 10_000), conclusions.wait('capture', 'a', 10_000)];
    const other = conclusions.wait('b', 'b', 1_000);
    conclusions.awaitsHuman('a');
    expect(await Promise.all(waits.map(({ conclusion }) => conclusion))).toEqual([null, null]);
    expect(timers.nextDueMs()).toBe(1_000);
    other.end();
  });

  it('ends with nothing for everyone when the process ends, and for whoever comes after that', async () => {
    const { timers, conclusions } = started();
    const waits = [conclusions.wait('a', 'a', 10_000), conclusions.wait('b', 'b', 10_000)];
    conclusions.close();
    expect(await Promise.all(waits.map(({ conclusion }) => conclusion))).toEqual([null, null]);
    const late = conclusions.wait('c', 'c', 10_000);
    await timers.advance(0);
    expect(await late.conclusion).toBeNull();
    expect(timers.nextDueMs()).toBeUndefined();
  });
});

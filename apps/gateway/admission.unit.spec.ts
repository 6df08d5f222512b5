import { describe, expect, it } from 'vitest';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { Admission } from './admission.js';

/** A process whose timers fire this much later than they should. */
class LateTimers extends VirtualTimers {
  lateMs = 0;

  override after(delayMs: number, fire: () => void): () => void {
    return super.after(delayMs + this.lateMs, fire);
  }
}

function door() {
  const clock = new VirtualClock();
  const timers = new LateTimers(clock);
  const admission = new Admission(clock, timers);
  const seen = { admitted: [] as number[], refused: [] as string[] };
  const come = (count: number) => {
    for (let number = 0; number < count; number += 1)
      admission.admit().then(
        () => seen.admitted.push(number),
        (error: Error) => seen.refused.push(error.message),
      );
  };
  return { clock, timers, admission, seen, come };
}

describe('the door for new payments', () => {
  it('is open to whoever comes while the process keeps up', async () => {
    const { admission } = door();
    for (let number = 0; number < 10; number += 1) await admission.admit();
  });

  it('spreads a crowd over a moment, in the order it came', async () => {
    const { timers, seen, come } = door();
    come(100);
    await timers.advance(0);
    expect(seen.admitted.length).toBeLessThan(30);
    await timers.advance(100);
    expect(seen.admitted).toEqual([...Array(100).keys()]);
  });

  it('narrows while the process is late, and never closes', async () => {
    const perSecond: number[] = [];
    for (const lateMs of [0, 15, 40, 400]) {
      const { timers, seen, come } = door();
      timers.lateMs = lateMs;
      come(2_000);
      await timers.advance(1_000);
      perSecond.push(seen.admitted.length);
    }
    expect(perSecond).toEqual(perSecond.toSorted((a, b) => b - a));
    expect(new Set(perSecond).size).toBe(perSecond.length);
    expect(perSecond.at(-1)).toBeGreaterThan(0);
  });

  it('tells who waited for five seconds, and who finds two thousand waiting, to come again', async () => {
    const { timers, seen, come } = door();
    timers.lateMs = 400;
    come(2_100);
    await timers.advance(0);
    expect(seen.refused.length).toBeGreaterThan(0);
    const atOnce = seen.refused.length;
    await timers.advance(6_000);
    expect(seen.refused.length).toBeGreaterThan(atOnce);
    expect(new Set(seen.refused)).toEqual(
      new Set([
        'overloaded: More payments are asked for than can be made now; nothing was recorded.',
      ]),
    );
    expect(seen.admitted.length + seen.refused.length).toBe(2_100);
  });

  it('measures nothing while nobody comes', async () => {
    const { timers, admission } = door();
    await admission.admit();
    await timers.advance(5_000);
    expect(timers.nextDueMs()).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { inspect } from 'node:util';
import { CVC_LIVES_MS, CvcMemory } from './cvc.memory.js';

const PLACE = { tenant: 'tnt_a', token: 'pm_1' };

describe('a CVC', () => {
  it('is there until it is forgotten, and for its own card only', () => {
    const memory = new CvcMemory(new VirtualTimers(new VirtualClock()));
    memory.remember(PLACE, '989');
    expect(memory.recall(PLACE)).toBe('989');
    expect(memory.recall({ ...PLACE, tenant: 'tnt_b' })).toBeUndefined();
    expect(memory.recall({ ...PLACE, token: 'pm_2' })).toBeUndefined();
    memory.forget(PLACE);
    expect(memory.recall(PLACE)).toBeUndefined();
  });

  it('is gone after ten minutes, and a newer one ten minutes after it came', async () => {
    const clock = new VirtualClock();
    const timers = new VirtualTimers(clock);
    const memory = new CvcMemory(timers);
    expect(CVC_LIVES_MS).toBeLessThanOrEqual(600_000);
    memory.remember(PLACE, '989');
    await timers.advance(CVC_LIVES_MS - 1);
    expect(memory.recall(PLACE)).toBe('989');
    memory.remember(PLACE, '123');
    await timers.advance(1);
    expect(memory.recall(PLACE)).toBe('123');
    await timers.advance(CVC_LIVES_MS);
    expect(memory.recall(PLACE)).toBeUndefined();
  });

  it('is not shown by the memory that holds it', () => {
    const memory = new CvcMemory(new VirtualTimers(new VirtualClock()));
    memory.remember(PLACE, '98765432');
    expect(JSON.stringify(memory)).not.toContain('98765432');
    expect(inspect(memory, { depth: 9 })).not.toContain('98765432');
  });
});

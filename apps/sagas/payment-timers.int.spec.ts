import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#event-store';
import { AT, DUE_AT, sagas } from './sagas.fixture.js';

let world: Awaited<ReturnType<typeof sagas>>;
beforeEach(async () => {
  world = await sagas();
});
afterEach(() => world.stop());

describe('what ends by itself', () => {
  it.each<[string, string, JsonObject, string]>([
    [
      'an approval that nobody gives',
      'ApprovalRequested',
      { stage: 'authorization', reasons: [], fingerprint: 'f1', dueAt: DUE_AT, at: AT },
      'ExpireApproval',
    ],
    [
      'a hold that nobody captures',
      'CaptureAwaited',
      { number: 1, dueAt: DUE_AT, at: AT },
      'ExpireAuthorization',
    ],
  ])('is told so at its time, once: %s', async (_, type, data, command) => {
    const { bus, timers, happens, runtime } = world;
    await happens(type, data);
    await timers.advance(3_599_999);
    expect(bus.asked).toEqual([]);
    await timers.advance(1);
    expect(bus.asked).toMatchObject([
      {
        subject: 'commands.payment_intent.tell',
        payload: { id: 'abc', command: { type: command, sender: 'life-1' } },
      },
    ]);
    await timers.advance(7_200_000);
    expect([bus.asked.length, runtime.open]).toEqual([1, 0]);
  });
});

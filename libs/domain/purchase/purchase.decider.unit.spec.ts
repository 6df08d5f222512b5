import { describe, expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import { PURCHASE_WINDOW_MS, type PurchaseCommand, purchaseDecider } from './purchase.decider.js';
import type { PurchaseEvent } from './purchase.events.js';

const NOW_MS = Date.UTC(2026, 2, 1);
const HOUR_MS = 3_600_000;
const at = (hour: number) => new Date(NOW_MS + hour * HOUR_MS).toISOString();

const claim = (
  intent: string,
  { hour = 0, agent = 'agt_1', distinctFrom = [] as string[] } = {},
): PurchaseCommand => ({
  type: 'ClaimPurchase',
  intent,
  agent,
  distinctFrom,
  windowMs: PURCHASE_WINDOW_MS,
  nowMs: NOW_MS + hour * HOUR_MS,
});
const free = (intent: string, hour = 0): PurchaseCommand => ({
  type: 'FreePurchase',
  intent,
  nowMs: NOW_MS + hour * HOUR_MS,
});

const claimed = (intent: string, hour = 0, agent = 'agt_1'): PurchaseEvent => ({
  type: 'PurchaseClaimed',
  data: { intent, agent, at: at(hour) },
});
const freed = (intent: string, hour = 0): PurchaseEvent => ({
  type: 'PurchaseFreed',
  data: { intent, at: at(hour) },
});

function decided(command: PurchaseCommand, ...history: PurchaseEvent[]) {
  const decision = purchaseDecider.decide(command, replay(purchaseDecider, history));
  return decision.ok ? decision.events : decision;
}

const CROSSED = { ok: false, code: 'invalid_transition', details: { earlier: [] } };
const duplicateOf = (...earlier: object[]) => ({
  ok: false,
  code: 'possible_duplicate',
  details: { earlier },
});

describe('a claim', () => {
  it('of a purchase that nobody claims is recorded', () => {
    expect(decided(claim('a'))).toEqual([claimed('a')]);
  });

  it('that comes again changes nothing, whoever claims beside it and however late it is', () => {
    const history = [claimed('a'), claimed('b', 25)];
    expect(decided(claim('a'), ...history)).toEqual([]);
    expect(decided(claim('a', { hour: 1_000 }), ...history)).toEqual([]);
  });

  it.each(['agt_1', 'agt_2'])(
    'by %s within the window of an earlier one is a possible duplicate',
    (agent) => {
      expect(decided(claim('b', { agent, hour: 1 }), claimed('a'))).toEqual(
        duplicateOf({ intent: 'a', agent: 'agt_1', until: at(24) }),
      );
    },
  );

  it('is in the way until the window has passed, to the millisecond', () => {
    const last = { ...claim('b', { hour: 24 }), nowMs: NOW_MS + PURCHASE_WINDOW_MS - 1 };
    expect(decided(last, claimed('a'))).toMatchObject({ code: 'possible_duplicate' });
    expect(decided(claim('b', { hour: 24 }), claimed('a'))).toEqual([claimed('b', 24)]);
  });

  it('made by a clock that is ahead is in the way all the same', () => {
    expect(decided(claim('b'), claimed('a', 2))).toMatchObject({ code: 'possible_duplicate' });
  });

  it.each(['a', 'pi_a'])('that calls the earlier one distinct as %s stands beside it', (name) => {
    expect(decided(claim('b', { distinctFrom: [name] }), claimed('a'))).toEqual([claimed('b')]);
  });

  it('names every earlier one that it does not call distinct, newest first', () => {
    const history = [claimed('a', 2), claimed('b', 3, 'agt_2'), claimed('c', 1), claimed('d', 3)];
    expect(decided(claim('e', { hour: 4, distinctFrom: ['pi_a', 'x'] }), ...history)).toEqual(
      duplicateOf(
        { intent: 'd', agent: 'agt_1', until: at(27) },
        { intent: 'b', agent: 'agt_2', until: at(27) },
        { intent: 'c', agent: 'agt_1', until: at(25) },
      ),
    );
  });

  it('is free for another payment when the earlier one was freed', () => {
    expect(decided(claim('b'), claimed('a'), freed('a'))).toEqual([claimed('b')]);
  });

  it('of an intent that was freed before is refused, claimed or not: the messages crossed', () => {
    expect(decided(claim('a'), claimed('a'), freed('a'))).toEqual(CROSSED);
    expect(decided(claim('a'), freed('a'))).toEqual(CROSSED);
    expect(decided(claim('a', { hour: 1_000 }), freed('a'))).toEqual(CROSSED);
  });
});

describe('freeing', () => {
  it('is recorded once, also for an intent that never claimed', () => {
    expect(decided(free('a', 1), claimed('a'))).toEqual([freed('a', 1)]);
    expect(decided(free('a', 2), claimed('a'), freed('a', 1))).toEqual([]);
    expect(decided(free('a'))).toEqual([freed('a')]);
    expect(decided(free('a'), freed('a'))).toEqual([]);
  });

  it('of one claim leaves the others in the way', () => {
    expect(decided(claim('c'), claimed('a'), claimed('b'), freed('b'))).toEqual(
      duplicateOf({ intent: 'a', agent: 'agt_1', until: at(24) }),
    );
  });
});

it('is read with events in its stream that are not known yet', () => {
  const later = { type: 'PurchaseMerged', data: { intent: 'a' } } as unknown as PurchaseEvent;
  expect(decided(claim('a'), claimed('a'), later)).toEqual([]);
});

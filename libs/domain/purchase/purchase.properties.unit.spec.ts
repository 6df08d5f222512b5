import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type PurchaseCommand, purchaseDecider } from './purchase.decider.js';

const WINDOW_MS = 1_000;

const step = fc.record({
  type: fc.constantFrom('ClaimPurchase', 'ClaimPurchase', 'FreePurchase'),
  intent: fc.constantFrom(...'abcdef'),
  agent: fc.constantFrom('agt_1', 'agt_2'),
  distinctFrom: fc.subarray(['a', 'b', 'pi_c', 'pi_d', 'e', 'pi_f']),
  /** Mostly forward; now and then a clock that is behind. */
  waitMs: fc.integer({ min: -50, max: 600 }),
});

/** The naive model: a list of all that was recorded, searched anew for every question. */
interface Fact {
  type: string;
  intent: string;
  agent: string;
  atMs: number;
}

it('lets two payments claim one purchase only after the window, a release, or being called distinct', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const facts: Fact[] = [];
      let state = purchaseDecider.initial();
      let nowMs = Date.UTC(2026, 0, 1);
      for (const { type, intent, agent, distinctFrom, waitMs } of steps) {
        nowMs += waitMs;
        const command = { type, intent, agent, distinctFrom, windowMs: WINDOW_MS, nowMs };
        const has = (kind: string, whose: string) =>
          facts.some((fact) => fact.type === kind && fact.intent === whose);
        const inTheWay = facts.filter(
          (fact) =>
            fact.type === 'PurchaseClaimed' &&
            !has('PurchaseFreed', fact.intent) &&
            nowMs - fact.atMs < WINDOW_MS &&
            !distinctFrom.includes(fact.intent) &&
            !distinctFrom.includes(`pi_${fact.intent}`),
        );
        const expected =
          type === 'FreePurchase'
            ? has('PurchaseFreed', intent)
              ? []
              : ['PurchaseFreed']
            : has('PurchaseFreed', intent)
              ? 'invalid_transition'
              : has('PurchaseClaimed', intent)
                ? []
                : inTheWay.length > 0
                  ? 'possible_duplicate'
                  : ['PurchaseClaimed'];

        const decision = purchaseDecider.decide(command as PurchaseCommand, state);
        expect(decision.ok ? decision.events.map((event) => event.type) : decision.code).toEqual(
          expected,
        );
        if (!decision.ok && decision.code === 'possible_duplicate') {
          const named = decision.details.earlier.map((earlier) => earlier.intent);
          expect(named.toSorted()).toEqual(inTheWay.map((fact) => fact.intent).toSorted());
        }
        for (const event of decision.ok ? decision.events : []) {
          state = purchaseDecider.evolve(state, event);
          facts.push({ type: event.type, intent, agent, atMs: nowMs });
        }
      }
    }),
  );
});

it('answers a command that is repeated as it did, and records it once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let state = purchaseDecider.initial();
      const nowMs = Date.UTC(2026, 0, 1);
      for (const { waitMs: _waitMs, ...rest } of steps) {
        const command = { ...rest, windowMs: WINDOW_MS, nowMs } as PurchaseCommand;
        const first = purchaseDecider.decide(command, state);
        for (const event of first.ok ? first.events : []) {
          state = purchaseDecider.evolve(state, event);
        }
        const again = purchaseDecider.decide(command, state);
        expect(again).toEqual(first.ok ? { ok: true, events: [] } : first);
      }
    }),
  );
});

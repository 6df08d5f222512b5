import fc from 'fast-check';
import { expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import type { QuoteCommand } from './quote.decider.js';
import { DECIDER, T0, VALID_MS, issue, release, use } from './quote.fixture.js';
import type { QuoteEvent } from './quote.events.js';

const intent = fc.constantFrom('a', 'b', 'c');
const nowMs = fc.oneof(fc.integer({ min: T0, max: T0 + 2 * VALID_MS }), fc.constant(T0 + VALID_MS));
const change = fc.constantFrom<Parameters<typeof use>[1]>(
  {},
  {},
  { agent: 'agt_2' },
  { tenant: 'tnt_2' },
  { amountMinor: 1 },
  { currency: 'JPY' },
  { payee: { id: 'other', country: 'US' } },
);
const command: fc.Arbitrary<QuoteCommand> = fc.oneof(
  nowMs.map((at) => issue({ nowMs: at })),
  fc.tuple(intent, change, nowMs).map(([id, each, at]) => use(id, { ...each, nowMs: at })),
  fc.tuple(intent, fc.constantFrom('agt_1', 'agt_2')).map(([id, agent]) => release(id, agent)),
);

/** Whatever is asked, by whom and in which order. */
it('a quote belongs to one payment at a time, unaltered, unexpired, its agent’s own, and its price never moves', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
      const history: QuoteEvent[] = [];
      let state = DECIDER.initial();
      let owner: string | null = null;
      const over = new Set<string>();
      for (const each of commands) {
        const before = state.quote?.price;
        const decision = DECIDER.decide(each, state);
        for (const event of decision.ok ? decision.events : []) {
          history.push(event);
          if (event.type === 'QuoteUsed') {
            expect(each).toMatchObject(
              use(event.data.intent, { nowMs: each.type === 'UseQuote' ? each.nowMs : 0 }),
            );
            expect(owner).toBeNull();
            expect(over.has(event.data.intent)).toBe(false);
            expect(event.data.at < (state.quote?.expiresAt ?? '')).toBe(true);
            owner = event.data.intent;
          }
          if (event.type === 'QuoteReleased') {
            over.add(event.data.intent);
            if (owner === event.data.intent) owner = null;
          }
          state = DECIDER.evolve(state, event);
        }
        if (before) expect(state.quote?.price).toEqual(before);
        expect(state.quote?.usedBy ?? null).toBe(owner);
      }
      expect(history.filter(({ type }) => type === 'QuoteIssued').length).toBeLessThanOrEqual(1);
      expect(replay(DECIDER, JSON.parse(JSON.stringify(history)) as QuoteEvent[])).toEqual(state);
    }),
    { numRuns: 1_000 },
  );
});

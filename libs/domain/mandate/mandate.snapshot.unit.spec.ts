import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import type { JsonRecord } from '../shared/json.js';
import { limitFigures } from './limits.js';
import { type MandateCommand, mandateDecider } from './mandate.decider.js';
import type { MandateEvent, MandateTerms } from './mandate.events.js';
import {
  DAY_MS,
  HOUR_MS,
  NOW_MS,
  after,
  commit,
  grant,
  release,
  reserve,
  revoke,
} from './mandate.fixture.js';
import { mandateSnapshot } from './mandate.snapshot.js';
import type { MandateState } from './mandate.state.js';

const TERMS: MandateTerms = {
  agent: 'agt_1',
  limits: {
    windows: [
      { name: 'day', calendar: 'day', timezone: 'Europe/Berlin', amount: { USD: 200, EUR: 90 } },
      { name: 'hour', rolling: 'PT1H', amount: { USD: 90, EUR: 70 }, count: 4 },
      { name: 'days', rolling: 'P2D', count: 9 },
    ],
    lifetime: { USD: 1_500, EUR: 1_000 },
  },
};

/** As a file would give it back. */
function taken(state: MandateState): MandateState {
  const text = JSON.stringify(mandateSnapshot.save(state));
  return mandateSnapshot.restore(JSON.parse(text) as JsonRecord);
}

const command: fc.Arbitrary<(nowMs: number) => MandateCommand> = fc
  .record({
    kind: fc.constantFrom('reserve', 'reserve', 'reserve', 'commit', 'release', 'release'),
    intent: fc.integer({ min: 0, max: 30 }).map(String),
    amountMinor: fc.integer({ min: 1, max: 60 }),
    currency: fc.constantFrom('USD', 'USD', 'EUR'),
  })
  .map(({ kind, intent, amountMinor, currency }) => (nowMs: number) => {
    if (kind === 'reserve') return reserve(intent, amountMinor, { currency, nowMs });
    if (kind === 'commit') return commit(intent, amountMinor, nowMs);
    return release(intent, nowMs);
  });

const step = fc.record({
  command: fc.oneof(
    { weight: 40, arbitrary: command },
    { weight: 1, arbitrary: fc.constant((nowMs: number) => ({ ...revoke(), nowMs })) },
  ),
  waitMs: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: HOUR_MS }) },
    { weight: 1, arbitrary: fc.integer({ min: -HOUR_MS, max: 2 * DAY_MS }) },
  ),
});

describe('a mandate that was restored from a snapshot', () => {
  it('decides and counts as one that was folded from the beginning, wherever the snapshot was taken', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 120 }),
        fc.array(fc.nat(120), { maxLength: 3 }),
        (steps, cuts) => {
          const history: MandateEvent[] = [];
          let restored = mandateDecider.initial();
          let nowMs = NOW_MS;
          const tell = (said: MandateCommand) => {
            // Folded anew each time: states change in place.
            const folded = replay(mandateDecider, history);
            const expected = mandateDecider.decide(said, folded);
            expect(mandateDecider.decide(said, restored)).toEqual(expected);
            if (!expected.ok) return;
            history.push(...expected.events);
            for (const event of expected.events) restored = mandateDecider.evolve(restored, event);
          };
          tell(grant(TERMS));
          for (const [index, { command: next, waitMs }] of steps.entries()) {
            if (cuts.includes(index)) restored = taken(restored);
            nowMs += waitMs;
            tell(next(nowMs));
            const folded = replay(mandateDecider, history);
            for (const atMs of [nowMs, nowMs + HOUR_MS, nowMs + DAY_MS])
              expect(limitFigures(restored, null, atMs)).toEqual(limitFigures(folded, null, atMs));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives the recorded answers of its operations again', () => {
    const { state } = after(grant(TERMS), revoke());
    const told = mandateDecider.decide(revoke(), taken(state));
    expect(told).toMatchObject({ ok: true, events: [] });
    expect(taken(state).answers).toEqual(state.answers);
  });

  it('is not written at every thousandth event for ever, but at longer and longer distances', () => {
    const { state } = after(grant(TERMS), reserve('a', 1));
    expect(mandateSnapshot.every(state)).toBe(1_000);
    const [reservation] = [...state.reservations.values()];
    const entries = Array.from({ length: 8_000 }, (_, n) => [`${n}`, reservation!] as const);
    expect(mandateSnapshot.every({ ...state, reservations: new Map(entries) })).toBe(2_000);
  });
});

import { describe, expect, it } from 'vitest';
import { limitFigures } from './limits.js';
import type { MandateCommand } from './mandate.decider.js';
import type { MandateTerms } from './mandate.events.js';
import {
  DAY_MS,
  HOUR_MS,
  NOW_MS,
  TERMS,
  after,
  commit,
  grant,
  release,
  reserve,
  revoke,
} from './mandate.fixture.js';

function limits(more: MandateTerms['limits']): MandateTerms {
  return { ...TERMS, limits: more };
}

describe('a window', () => {
  const day = limits({
    windows: [{ name: 'day', calendar: 'day', timezone: 'Europe/Berlin', amount: { USD: 100 } }],
  });
  const midnight = Date.parse('2026-03-28T23:00:00Z');

  it('names the limit in the way with right figures and when it resets', () => {
    const nowMs = midnight + HOUR_MS;
    const told = after(
      grant(day),
      reserve('a', 30, { nowMs }),
      commit('a', 30, nowMs),
      reserve('b', 45, { nowMs }),
      reserve('c', 26, { nowMs }),
    );
    expect(told.outcome).toBe('mandate_limit_exceeded');
    expect(told.details?.checks.filter(({ result }) => result === 'failed')).toEqual([
      {
        rule: 'window.day',
        result: 'failed',
        currency: 'USD',
        limit: 100,
        used: 30,
        held: 45,
        remaining: 25,
        requested: 26,
        resetsAt: '2026-03-29T22:00:00.000Z',
      },
    ]);
  });

  it('by the calendar starts anew at local midnight', () => {
    const late = reserve('a', 100, { nowMs: midnight - 1 });
    expect(after(grant(day), late, reserve('b', 1, { nowMs: midnight - 1 })).outcome).toBe(
      'mandate_limit_exceeded',
    );
    expect(after(grant(day), late, reserve('b', 100, { nowMs: midnight })).outcome).toBe(
      'accepted',
    );
  });

  it('that rolls frees a payment exactly one length after it', () => {
    const rolling = limits({ windows: [{ name: 'h', rolling: 'PT1H', amount: { USD: 100 } }] });
    const next = (ms: number) => reserve('b', 1, { nowMs: NOW_MS + ms });
    const full = [grant(rolling), reserve('a', 100)];
    expect(after(...full, next(HOUR_MS - 1)).outcome).toBe('mandate_limit_exceeded');
    expect(after(...full, next(HOUR_MS)).outcome).toBe('accepted');
  });

  it('by count counts payments of every currency, and those still held', () => {
    const counted = limits({ windows: [{ name: 'day', calendar: 'day', count: 2 }] });
    const told = after(
      grant(counted),
      reserve('a', 1),
      commit('a', 1),
      reserve('b', 1, { currency: 'EUR' }),
      reserve('c', 1),
    );
    expect(told.outcome).toBe('mandate_limit_exceeded');
    expect(told.details?.checks.at(-1)).toMatchObject({
      rule: 'window.day.count',
      currency: null,
      limit: 2,
      used: 1,
      held: 1,
      requested: 1,
    });
  });

  it('counts a spend at the instant of its reservation, not of its end', () => {
    const nowMs = midnight + HOUR_MS;
    const told = after(
      grant(day),
      reserve('a', 100, { nowMs: midnight - 1 }),
      commit('a', 100, nowMs),
    );
    expect(limitFigures(told.state, 'USD', nowMs)[0]).toMatchObject({ used: 0, held: 0 });
    expect(limitFigures(told.state, 'USD', midnight - 1)[0]).toMatchObject({ used: 100, held: 0 });
  });
});

describe('an end of a reservation', () => {
  const lifetime = limits({ lifetime: { USD: 100 } });
  const figures = (...commands: readonly MandateCommand[]) => {
    const [figure] = limitFigures(after(...commands).state, 'USD', NOW_MS);
    return { used: figure?.used, held: figure?.held, remaining: figure?.remaining };
  };

  it('moves what was held to what is used, by the amount that was really spent', () => {
    expect(figures(grant(lifetime), reserve('a', 60))).toEqual({
      used: 0,
      held: 60,
      remaining: 40,
    });
    expect(figures(grant(lifetime), reserve('a', 60), commit('a', 50))).toEqual({
      used: 50,
      held: 0,
      remaining: 50,
    });
  });

  it('without a spend frees it for another payment', () => {
    const free = [grant(lifetime), reserve('a', 100), release('a')];
    expect(after(...free, reserve('b', 100)).outcome).toBe('accepted');
  });

  it('is never refused: not after a revocation, not after the mandate ended', () => {
    const short = { ...lifetime, valid_until: '2026-03-01T12:00:01Z' };
    const ended = [grant(short), reserve('a', 40), reserve('b', 40), revoke()];
    const spent = after(...ended, commit('a', 40, NOW_MS + DAY_MS));
    expect(spent.events).toMatchObject([{ type: 'SpendCommitted', data: { amountMinor: 40 } }]);
    const freed = after(...ended, release('b', NOW_MS + DAY_MS));
    expect(freed.events).toMatchObject([{ type: 'BudgetReleased', data: { intent: 'b' } }]);
  });

  it('is recorded once', () => {
    const spent = [grant(lifetime), reserve('a', 40), commit('a', 40)];
    expect(after(...spent, commit('a', 40)).events).toEqual([]);
    expect(after(...spent, release('a')).events).toEqual([]);
    const freed = [grant(lifetime), reserve('a', 40), release('a')];
    expect(after(...freed, release('a')).events).toEqual([]);
    expect(after(grant(lifetime), release('b'), release('b')).events).toEqual([]);
  });

  it('with a spend counts although a release came first: spent is spent', () => {
    const late = [grant(lifetime), reserve('a', 40), release('a'), commit('a', 40)];
    expect(figures(...late)).toEqual({ used: 40, held: 0, remaining: 60 });
  });

  describe.each([
    ['that nothing was reserved for', []],
    ['whose release came before its reservation', [release('a', NOW_MS - HOUR_MS)]],
  ])('with a spend %s', (_, before) => {
    const windows = [{ name: 'h', rolling: 'PT1H', amount: { USD: 100, EUR: 100 }, count: 5 }];
    const rolling = limits({ windows, lifetime: { USD: 500, EUR: 500 } });
    const earlier = [grant(rolling), ...before, reserve('x', 10, { nowMs: NOW_MS - 1 })];
    const told = after(...earlier, commit('a', 40), commit('a', 40), release('a'));
    const used = (nowMs: number) =>
      limitFigures(told.state, null, nowMs).map((figure) => [
        figure.rule,
        figure.currency,
        figure.used,
      ]);

    it('counts from then on in every currency, since which one it was is not known', () => {
      expect(used(NOW_MS)).toEqual([
        ['window.h', 'USD', 40],
        ['window.h', 'EUR', 40],
        ['window.h.count', null, 1],
        ['lifetime', 'USD', 40],
        ['lifetime', 'EUR', 40],
      ]);
    });

    it('leaves a window that rolls when its time is over', () => {
      expect(used(NOW_MS + HOUR_MS).map(([, , figure]) => figure)).toEqual([0, 0, 0, 40, 40]);
      const next = reserve('b', 90, { nowMs: NOW_MS + HOUR_MS });
      expect(after(...earlier, commit('a', 40), next).outcome).toBe('accepted');
    });

    it('is not reserved for any more', () => {
      const again = after(...earlier, commit('a', 40), reserve('a', 40));
      expect([again.outcome, again.events]).toEqual(['accepted', []]);
    });
  });

  it('without a mandate is nothing to record', () => {
    expect(after(commit('a', 40)).events).toEqual([]);
    expect(after(release('a')).events).toEqual([]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkedVerdict } from '../fraud-verdict.check.js';
import type { FraudRequest, FraudVerdict } from '../fraud-provider.port.js';
import { RulesFraudProvider } from './rules.provider.js';

const QUIET = { countLastMinute: 0, countLastHour: 0, countLastDay: 0, amountLastDayMinor: 0 };
const ORDINARY: FraudRequest = {
  stage: 'authorization',
  tenant: 'sandbox',
  agent: 'agt_1',
  payee: { id: 'acme-books', mcc: '5942', country: 'US' },
  amountMinor: 4200,
  currency: 'USD',
  paymentMethod: 'pm_sandbox_visa',
  now: '2026-03-01T12:00:00.000Z',
  activity: QUIET,
  velocityRules: true,
};

const provider = new RulesFraudProvider();
const screen = (change: Partial<FraudRequest>): Promise<FraudVerdict> =>
  provider.screen({ ...ORDINARY, ...change });

describe('the rules provider', () => {
  it('allows an ordinary payment with a low score and shows every rule', async () => {
    const verdict = await screen({});
    expect(verdict).toMatchObject({ provider: 'rules', version: '1.0.0', verdict: 'allow' });
    expect(verdict.score).toBe(10);
    expect(verdict.signals.map(({ rule, matched }) => [rule, matched])).toEqual([
      ['baseline', true],
      ['amount_elevated', false],
      ['amount_high', false],
      ['amount_very_high', false],
      ['amount_extreme', false],
      ['velocity_count_minute', false],
      ['velocity_count_hour', false],
      ['velocity_count_day', false],
      ['velocity_amount_day', false],
    ]);
  });

  it.each([
    ['USD', 24_999, 10, 'allow'],
    ['USD', 25_000, 20, 'allow'],
    ['USD', 100_000, 40, 'allow'],
    ['JPY', 150_000, 40, 'allow'],
    ['KWD', 300_000, 40, 'allow'],
    ['USD', 999_999, 40, 'allow'],
    ['USD', 1_000_000, 75, 'review'],
    ['JPY', 1_500_000, 75, 'review'],
    ['USD', 10_000_000, 100, 'block'],
    ['constructor', 10_000_000, 100, 'block'],
  ])('scores %s %i with %i: %s', async (currency, amountMinor, score, verdict) => {
    expect(await screen({ currency, amountMinor })).toMatchObject({
      score,
      verdict,
      reason: 'fraud',
    });
  });

  it.each([
    ['velocity_count_minute', { ...QUIET, countLastMinute: 29 }, { countLastMinute: 30 }],
    ['velocity_count_hour', { ...QUIET, countLastHour: 299 }, { countLastHour: 300 }],
    ['velocity_count_day', { ...QUIET, countLastDay: 1_999 }, { countLastDay: 2_000 }],
    [
      'velocity_amount_day',
      { ...QUIET, amountLastDayMinor: 9_995_800 },
      { amountLastDayMinor: 9_995_801 },
    ],
  ])('blocks the first payment above the limit of %s', async (rule, full, above) => {
    expect(await screen({ activity: full })).toMatchObject({ verdict: 'allow', score: 10 });
    const blocked = await screen({ activity: { ...full, ...above } });
    expect(blocked).toMatchObject({ verdict: 'block', reason: 'velocity', score: 100 });
    expect(blocked.signals.filter(({ contribution }) => contribution === 100)).toMatchObject([
      { rule, matched: true },
    ]);
  });

  it('only reports velocity when the mandate has no velocity rules', async () => {
    const activity = { ...QUIET, countLastMinute: 5_000 };
    const verdict = await screen({ activity, velocityRules: false });
    expect(verdict).toMatchObject({ verdict: 'allow', score: 10 });
    expect(verdict.signals).toContainEqual({
      rule: 'velocity_count_minute',
      observed: 5_001,
      threshold: 30,
      contribution: 0,
      matched: true,
    });
  });

  it('calls it fraud when the amount alone blocks, however fast the agent is', async () => {
    const activity = { ...QUIET, countLastMinute: 5_000 };
    const verdict = await screen({ activity, amountMinor: 10_000_000 });
    expect(verdict).toMatchObject({ verdict: 'block', reason: 'fraud' });
  });

  it('screens a capture by the same rules', async () => {
    expect(await screen({ stage: 'capture', amountMinor: 1_000_000 })).toMatchObject({
      verdict: 'review',
    });
  });

  it('always gives a well-formed verdict whose score is explained by its signals', async () => {
    const count = fc.nat(1_000_000);
    const requests = fc.record({
      amountMinor: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      currency: fc.oneof(fc.constantFrom('USD', 'JPY', 'IDR'), fc.string()),
      velocityRules: fc.boolean(),
      activity: fc.record({
        countLastMinute: count,
        countLastHour: count,
        countLastDay: count,
        amountLastDayMinor: fc.nat(),
      }),
    });
    await fc.assert(
      fc.asyncProperty(requests, async (change) => {
        const verdict = await screen(change);
        expect(checkedVerdict(verdict)).toMatchObject({ score: verdict.score });
        const points = verdict.signals.reduce((sum, { contribution }) => sum + contribution, 0);
        expect(verdict.score).toBe(Math.min(100, points));
        expect(verdict.reason === 'velocity').toBe(
          verdict.verdict === 'block' &&
            change.velocityRules &&
            (await screen({ ...change, velocityRules: false })).verdict !== 'block',
        );
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { CardFraudRequest } from '../fraud-provider.port.js';
import { DEFAULT_CARD_LIMITS } from './card.rules.js';
import { RulesFraudProvider } from './rules.provider.js';

const { cardsPer10Minutes, cardsPerHour, cardsPerDay, declinesPerHour, declinesPerDay } =
  DEFAULT_CARD_LIMITS;
const AT_THE_LIMIT = {
  cardsLast10Minutes: cardsPer10Minutes,
  cardsLastHour: cardsPerHour,
  cardsLastDay: cardsPerDay,
  declinesLastHour: declinesPerHour,
  declinesLastDay: declinesPerDay,
};
const REQUEST: CardFraudRequest = {
  stage: 'tokenization',
  tenant: 'tnt_a',
  agent: 'agt_1',
  now: '2026-03-01T12:00:00.000Z',
  activity: AT_THE_LIMIT,
};
const screen = (change: Partial<CardFraudRequest>) =>
  new RulesFraudProvider().screen({ ...REQUEST, ...change });

describe('the rules about cards', () => {
  it('allow an agent up to every limit, and show each rule', async () => {
    const verdict = await screen({});
    expect(verdict).toMatchObject({ verdict: 'allow', reason: 'fraud', score: 10 });
    expect(verdict.signals.map(({ rule, matched }) => [rule, matched])).toEqual([
      ['baseline', true],
      ['cards_10_minutes', false],
      ['cards_hour', false],
      ['cards_day', false],
      ['declines_hour', false],
      ['declines_day', false],
    ]);
  });

  it.each(Object.keys(AT_THE_LIMIT) as (keyof typeof AT_THE_LIMIT)[])(
    'block an agent one above the limit of %s',
    async (figure) => {
      const activity = { ...AT_THE_LIMIT, [figure]: AT_THE_LIMIT[figure] + 1 };
      const verdict = await screen({ activity });
      expect(verdict).toMatchObject({ verdict: 'block', reason: 'fraud', score: 100 });
      expect(verdict.signals.filter(({ contribution }) => contribution === 100)).toHaveLength(1);
    },
  );

  it('only show an operator where the limits are', async () => {
    const activity = { ...AT_THE_LIMIT, cardsLastDay: 10_000 };
    const verdict = await screen({ agent: null, activity });
    expect(verdict).toMatchObject({ verdict: 'allow', score: 10 });
    expect(verdict.signals.filter(({ matched }) => matched).map(({ rule }) => rule)).toEqual([
      'baseline',
      'cards_day',
    ]);
  });
});

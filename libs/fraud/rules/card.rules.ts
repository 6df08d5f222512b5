import type { CardFraudRequest, FraudSignal } from '../fraud-provider.port.js';

/** How many cards one agent may bring, this one included, and how many declines are put up with. */
export interface CardLimits {
  cardsPer10Minutes: number;
  cardsPerHour: number;
  cardsPerDay: number;
  declinesPerHour: number;
  declinesPerDay: number;
}

/** An agent pays with a few cards; whoever tests stolen ones brings many, and most of them are declined. */
export const DEFAULT_CARD_LIMITS: CardLimits = {
  cardsPer10Minutes: 10,
  cardsPerHour: 25,
  cardsPerDay: 50,
  declinesPerHour: 10,
  declinesPerDay: 30,
};

/** One exceeded limit blocks. Of an operator, who may bring the cards of a whole company, the numbers are only shown. */
const POINTS = 100;

export function cardSignals(
  { activity, agent }: CardFraudRequest,
  limits: CardLimits,
): FraudSignal[] {
  const signal = (rule: string, observed: number, threshold: number): FraudSignal => {
    const matched = observed > threshold;
    return {
      rule,
      observed,
      threshold,
      contribution: matched && agent !== null ? POINTS : 0,
      matched,
    };
  };
  return [
    signal('cards_10_minutes', activity.cardsLast10Minutes, limits.cardsPer10Minutes),
    signal('cards_hour', activity.cardsLastHour, limits.cardsPerHour),
    signal('cards_day', activity.cardsLastDay, limits.cardsPerDay),
    signal('declines_hour', activity.declinesLastHour, limits.declinesPerHour),
    signal('declines_day', activity.declinesLastDay, limits.declinesPerDay),
  ];
}

import type { FraudRequest, FraudSignal } from '../fraud-provider.port.js';
import { referenceUnitMinor } from './reference-unit.js';

/** Points add up over the steps an amount has reached; thresholds in reference units, about one US dollar each. */
const STEPS = [
  { rule: 'amount_elevated', threshold: 250, points: 10 },
  { rule: 'amount_high', threshold: 1_000, points: 20 },
  { rule: 'amount_very_high', threshold: 10_000, points: 35 },
  { rule: 'amount_extreme', threshold: 100_000, points: 35 },
] as const;

export function amountSignals({ amountMinor, currency }: FraudRequest): FraudSignal[] {
  return STEPS.map(({ rule, threshold, points }) => {
    const thresholdMinor = threshold * referenceUnitMinor(currency);
    const matched = amountMinor >= thresholdMinor;
    return {
      rule,
      observed: amountMinor,
      threshold: thresholdMinor,
      contribution: matched ? points : 0,
      matched,
    };
  });
}

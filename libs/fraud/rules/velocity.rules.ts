import type { FraudRequest, FraudSignal } from '../fraud-provider.port.js';
import { referenceUnitMinor } from './reference-unit.js';

/** How much one agent may do, this payment included. */
export interface VelocityLimits {
  countPerMinute: number;
  countPerHour: number;
  countPerDay: number;
  /** In reference units, about one US dollar each. */
  amountPerDay: number;
}

export const DEFAULT_VELOCITY_LIMITS: VelocityLimits = {
  countPerMinute: 30,
  countPerHour: 300,
  countPerDay: 2_000,
  amountPerDay: 100_000,
};

/** One exceeded limit blocks, so it contributes everything. Without velocity rules the numbers are shown and add nothing. */
const POINTS = 100;

export function velocitySignals(
  { activity, amountMinor, currency, velocityRules }: FraudRequest,
  limits: VelocityLimits,
): FraudSignal[] {
  const signal = (rule: string, observed: number, threshold: number): FraudSignal => {
    const matched = observed > threshold;
    const contribution = matched && velocityRules ? POINTS : 0;
    return { rule, observed, threshold, contribution, matched };
  };
  return [
    signal('velocity_count_minute', activity.countLastMinute + 1, limits.countPerMinute),
    signal('velocity_count_hour', activity.countLastHour + 1, limits.countPerHour),
    signal('velocity_count_day', activity.countLastDay + 1, limits.countPerDay),
    signal(
      'velocity_amount_day',
      activity.amountLastDayMinor + amountMinor,
      limits.amountPerDay * referenceUnitMinor(currency),
    ),
  ];
}

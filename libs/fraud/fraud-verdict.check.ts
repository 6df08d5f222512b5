import type { FraudSignal, FraudVerdict } from './fraud-provider.port.js';

type Judgement = Pick<FraudVerdict, 'verdict' | 'reason' | 'score' | 'signals'>;

/**
 * What a provider answered, cut down to the fields we know. Throws when it is not a verdict: an answer that cannot be
 * understood must be decided by the fail mode, not by chance.
 */
export function checkedVerdict(answer: FraudVerdict): Judgement {
  const { verdict, reason, score, signals } = answer;
  if (!['allow', 'review', 'block'].includes(verdict)) throw new Error('the verdict is unknown');
  if (!['fraud', 'velocity'].includes(reason)) throw new Error('the reason is unknown');
  if (!Number.isInteger(score) || score < 0 || score > 100) {
    throw new Error('the score is not an integer from 0 to 100');
  }
  if (!Array.isArray(signals)) throw new Error('the signals are not a list');
  return { verdict, reason, score, signals: signals.map(checkedSignal) };
}

function checkedSignal({
  rule,
  observed,
  threshold,
  contribution,
  matched,
}: FraudSignal): FraudSignal {
  const numbers = [observed, threshold, contribution];
  if (typeof rule !== 'string' || typeof matched !== 'boolean' || !numbers.every(Number.isFinite)) {
    throw new Error('a signal is malformed');
  }
  return { rule, observed, threshold, contribution, matched };
}

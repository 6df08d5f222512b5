import { FraudProvider } from '../fraud-provider.port.js';
import type {
  CardFraudRequest,
  FraudRequest,
  FraudSignal,
  FraudVerdict,
} from '../fraud-provider.port.js';
import { amountSignals } from './amount.rules.js';
import { type CardLimits, DEFAULT_CARD_LIMITS, cardSignals } from './card.rules.js';
import { DEFAULT_VELOCITY_LIMITS, velocitySignals } from './velocity.rules.js';
import type { VelocityLimits } from './velocity.rules.js';

/** Every payment starts with these points: nothing is known about card or payee that could take them away. */
const BASELINE_POINTS = 10;
const REVIEW_FROM = 60;
const BLOCK_FROM = 90;

/** Fixed rules on amount and velocity, and on cards that are brought, computed in the process. The score is the sum of all contributions, at most 100. */
export class RulesFraudProvider extends FraudProvider {
  readonly name = 'rules';
  readonly version = '1.0.0';

  constructor(
    private readonly limits: VelocityLimits = DEFAULT_VELOCITY_LIMITS,
    private readonly cardLimits: CardLimits = DEFAULT_CARD_LIMITS,
  ) {
    super();
  }

  async screen(request: FraudRequest | CardFraudRequest): Promise<FraudVerdict> {
    return request.stage === 'tokenization'
      ? this.screenCard(request)
      : this.screenPayment(request);
  }

  private screenCard(request: CardFraudRequest): FraudVerdict {
    const signals = [baseline(), ...cardSignals(request, this.cardLimits)];
    const score = scoreOf(signals);
    return {
      provider: this.name,
      version: this.version,
      verdict: score >= BLOCK_FROM ? 'block' : 'allow',
      reason: 'fraud',
      score,
      signals,
    };
  }

  private screenPayment(request: FraudRequest): FraudVerdict {
    const amount = [baseline(), ...amountSignals(request)];
    const velocity = velocitySignals(request, this.limits);
    const amountScore = scoreOf(amount);
    const score = scoreOf([...amount, ...velocity]);
    // An amount that blocks by itself is fraud, whatever the velocity: waiting would not make it acceptable.
    const tooFast = amountScore < BLOCK_FROM && velocity.some((rule) => rule.contribution > 0);
    return {
      provider: this.name,
      version: this.version,
      verdict: score >= BLOCK_FROM ? 'block' : score >= REVIEW_FROM ? 'review' : 'allow',
      reason: tooFast ? 'velocity' : 'fraud',
      score,
      signals: [...amount, ...velocity],
    };
  }
}

function baseline(): FraudSignal {
  return {
    rule: 'baseline',
    observed: 1,
    threshold: 1,
    contribution: BASELINE_POINTS,
    matched: true,
  };
}

function scoreOf(signals: readonly FraudSignal[]): number {
  const points = signals.reduce((sum, { contribution }) => sum + contribution, 0);
  return Math.min(100, points);
}

import type { Timers } from '#platform';
import type {
  CardFraudRequest,
  FraudProvider,
  FraudRequest,
  FraudVerdict,
} from './fraud-provider.port.js';
import { checkedVerdict } from './fraud-verdict.check.js';
import { withinTimeLimit } from './time-limit.js';

export interface FraudScreenOptions {
  /** How long the provider may take; a positive integer. */
  timeoutMs: number;
  /** What a provider that gives no usable verdict means: `open` allows, `closed` blocks. There is no default. */
  failMode: 'open' | 'closed';
}

const ERROR_LENGTH_MAX = 200;

/** The only way to ask a provider: limited in time, checked, and decided by the fail mode when there is no verdict. */
export class FraudScreen {
  constructor(
    private readonly provider: FraudProvider,
    private readonly timers: Timers,
    private readonly options: FraudScreenOptions,
  ) {
    if (!Number.isSafeInteger(options.timeoutMs) || options.timeoutMs <= 0) {
      throw new RangeError('timeoutMs must be a positive integer');
    }
  }

  /** Never rejects. */
  async screen(request: FraudRequest | CardFraudRequest): Promise<FraudVerdict> {
    const { name: provider, version } = this.provider;
    const { timeoutMs, failMode } = this.options;
    try {
      const answer = await withinTimeLimit(this.timers, timeoutMs, (signal) =>
        this.provider.screen(request, signal),
      );
      return { provider, version, ...checkedVerdict(answer) };
    } catch (error) {
      const open = failMode === 'open';
      return {
        provider,
        version,
        verdict: open ? 'allow' : 'block',
        reason: 'fraud',
        score: open ? 0 : 100,
        signals: [],
        failMode,
        error: readable(error),
      };
    }
  }
}

/** A provider's words end up in the audit: one line, and not a long one. */
function readable(error: unknown): string {
  const message = error instanceof Error ? error.message : 'the provider failed';
  return [...message.replace(/\p{C}+/gu, ' ')].slice(0, ERROR_LENGTH_MAX).join('');
}

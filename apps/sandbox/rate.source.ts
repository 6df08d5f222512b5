import type { Clock } from '#platform';
import { type Answer, Refusal, answer, fieldsOf } from './json-http.js';
import { EURO_RATES } from './rate.table.js';

const DAY_MS = 86_400_000;
const MODES = ['none', 'stale', 'off', 'down', 'hang', 'nonsense'] as const;

/** `off`: one currency is worth so many times more units than it should be. */
interface RateSwitches {
  mode: (typeof MODES)[number];
  currency: string | null;
  factor: number;
}

const AS_IT_IS: RateSwitches = { mode: 'none', currency: null, factor: 1 };

/** A simulated publisher of exchange rates, which can be old, wrong, silent and mad. */
export class SimulatedRates {
  switches: RateSwitches = AS_IT_IS;

  constructor(
    readonly name: string,
    private readonly clock: Clock,
  ) {}

  setSwitches(body: unknown): void {
    this.switches = parseSwitches(body);
  }

  /** Undefined: never. `cut`: the connection ends instead. */
  latest(): Answer | 'cut' | undefined {
    const { mode } = this.switches;
    if (mode === 'down') return 'cut';
    if (mode === 'hang') return undefined;
    if (mode === 'nonsense')
      return answer(200, { base: 'EUR', as_of: 'today', rates: { USD: -1 } });
    const asOfMs = this.clock.now() - (mode === 'stale' ? 30 * DAY_MS : 0);
    const rates = Object.fromEntries(
      Array.from(EURO_RATES, ([currency, rate]) => [currency, this.published(currency, rate)]),
    );
    return answer(200, { base: 'EUR', as_of: new Date(asOfMs).toISOString(), rates });
  }

  private published(currency: string, rate: string): string {
    const { mode, currency: wrong, factor } = this.switches;
    if (mode !== 'off' || currency !== wrong) return rate;
    return (Number(rate) * factor).toFixed(12);
  }
}

function parseSwitches(body: unknown): RateSwitches {
  const { mode, currency, factor } = fieldsOf(body, ['mode', 'currency', 'factor']);
  const known = MODES.find((each) => each === mode);
  if (known === undefined) throw invalid(`mode must be one of ${MODES.join(', ')}`);
  if (known !== 'off') return { ...AS_IT_IS, mode: known };
  if (typeof currency !== 'string' || !EURO_RATES.has(currency))
    throw invalid('currency must be one that is published, and not EUR');
  if (typeof factor !== 'number' || !(factor >= 0.001 && factor <= 1_000))
    throw invalid('factor must be a number from 0.001 to 1000');
  return { mode: known, currency, factor };
}

const invalid = (what: string) => new Refusal(400, 'validation_failed', `${what}.`);

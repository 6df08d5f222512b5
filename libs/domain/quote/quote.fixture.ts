import { DEFAULT_PRICING } from './pricing-rules.js';
import { type QuoteCommand, quoteDecider } from './quote.decider.js';
import type { QuoteEvent, WantedQuote } from './quote.events.js';
import type { QuoteFacts, QuoteState } from './quote.state.js';
import type { RateEvidence } from './rate-evidence.js';

export const T0 = Date.parse('2026-03-01T12:00:00.000Z');
export const VALID_MS = 300_000;

export const WANTED: WantedQuote = {
  ...{ id: 'qt_1', tenant: 'tnt_1', agent: 'agt_1', payee: { id: 'acme-books', country: 'US' } },
  ...{ amountMinor: 4200, currency: 'USD', chargeCurrency: 'EUR' },
};

export const RATE: RateEvidence = {
  ...{ from: 'USD', to: 'EUR', rate: '0.92', source: 'ecb', asOf: '2026-02-27T12:00:00.000Z' },
  ...{ opinions: [], noOpinions: [], tolerancePpm: 20_000 },
};

export const DECIDER = quoteDecider((quote: QuoteFacts) => ({
  status: 201,
  body: `${quote.id}: ${quote.price.amountMinor} ${quote.price.currency}`,
}));

type Issue = Extract<QuoteCommand, { type: 'IssueQuote' }>;
type Use = Extract<QuoteCommand, { type: 'UseQuote' }>;

export const issue = (change: Partial<Issue> = {}): Issue => ({
  ...{ type: 'IssueQuote', wanted: WANTED, rate: RATE, rules: DEFAULT_PRICING },
  ...{ validForMs: VALID_MS, operation: { id: 'op-1', request: { amount: 4200 } }, nowMs: T0 },
  ...change,
});

export const use = (intent: string, change: Partial<Use> = {}): Use => ({
  ...{ type: 'UseQuote', intent, tenant: 'tnt_1', agent: 'agt_1' },
  ...{ payee: { id: 'acme-books', country: 'US' }, amountMinor: 4200, currency: 'USD' },
  nowMs: T0 + 1_000,
  ...change,
});

export const release = (intent: string, agent = 'agt_1'): QuoteCommand => ({
  ...{ type: 'ReleaseQuote', intent, tenant: 'tnt_1', agent, nowMs: T0 + 2_000 },
});

export interface After {
  state: QuoteState;
  history: QuoteEvent[];
  /** Of the last command. */
  events: readonly QuoteEvent[];
  types: string[];
  outcome: string;
  pointers: readonly string[];
}

export function after(...commands: QuoteCommand[]): After {
  const history: QuoteEvent[] = [];
  let state = DECIDER.initial();
  let last: ReturnType<typeof DECIDER.decide> | undefined;
  for (const command of commands) {
    last = DECIDER.decide(command, state);
    for (const event of last.ok ? last.events : []) {
      history.push(event);
      state = DECIDER.evolve(state, event);
    }
  }
  const events = last?.ok ? last.events : [];
  return {
    ...{ state, history, events, types: events.map(({ type }) => type) },
    outcome: last?.ok ? 'accepted' : (last?.code ?? 'nothing'),
    pointers: last && !last.ok ? last.details.pointers : [],
  };
}

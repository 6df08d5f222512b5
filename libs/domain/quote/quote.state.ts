import { type Answers, remember } from '../shared/operation.js';
import type { Price } from './price.js';
import type { QuoteEvent, WantedQuote } from './quote.events.js';
import type { RateEvidence } from './rate-evidence.js';

/** A quote as it stands. */
export interface QuoteFacts extends WantedQuote {
  readonly price: Price;
  readonly rate: RateEvidence;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** The payment it belongs to; null while it is free. */
  readonly usedBy: string | null;
}

export interface QuoteState {
  requested: WantedQuote | null;
  /** Null before it is issued. */
  quote: QuoteFacts | null;
  /** Payments that are over: none of them uses it again. */
  released: Set<string>;
  answers: Answers;
}

export function initialQuote(): QuoteState {
  return { requested: null, quote: null, released: new Set(), answers: new Map() };
}

export function evolveQuote(state: QuoteState, event: QuoteEvent): QuoteState {
  switch (event.type) {
    case 'QuoteRequested': {
      const { id, tenant, agent, payee, amountMinor, currency, chargeCurrency } = event.data;
      state.requested = { id, tenant, agent, payee, amountMinor, currency, chargeCurrency };
      return state;
    }
    case 'QuoteIssued': {
      const { price, rate, expiresAt, at: createdAt } = event.data;
      if (state.requested)
        state.quote = { ...state.requested, price, rate, createdAt, expiresAt, usedBy: null };
      return state;
    }
    case 'QuoteUsed':
      if (state.quote) state.quote = { ...state.quote, usedBy: event.data.intent };
      return state;
    case 'QuoteReleased': {
      const { intent } = event.data;
      state.released.add(intent);
      if (state.quote?.usedBy === intent) state.quote = { ...state.quote, usedBy: null };
      return state;
    }
    case 'OperationConcluded':
      remember(state.answers, event);
      return state;
    default:
      return state;
  }
}

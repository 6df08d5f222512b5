import { type Decider, type Decision, accepted, refused } from '../shared/decider.js';
import { type Operation, concluded, repeatedOperation } from '../shared/operation.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import { type Unpriceable, priceOf } from './price.js';
import type { PricingRules } from './pricing-rules.js';
import type { QuoteEvent, QuotePayee, WantedQuote } from './quote.events.js';
import { type QuoteFacts, type QuoteState, evolveQuote, initialQuote } from './quote.state.js';
import type { RateEvidence } from './rate-evidence.js';

type Asked = Pick<Operation, 'id' | 'request'>;

export type QuoteCommand =
  | {
      type: 'IssueQuote';
      wanted: WantedQuote;
      rate: RateEvidence;
      rules: PricingRules;
      validForMs: number;
      operation: Asked;
      nowMs: number;
    }
  /** Changes nothing: whether this was answered before, and whether it is the same request. */
  | { type: 'RecallQuote'; operation: Asked }
  /** A payment that names it: what it says must be what was quoted. `intent`: its id. */
  | {
      type: 'UseQuote';
      intent: string;
      tenant: string;
      agent: string;
      payee: QuotePayee;
      amountMinor: number;
      currency: string;
      nowMs: number;
    }
  /** That payment is over, and no money moved. Never refused. */
  | { type: 'ReleaseQuote'; intent: string; tenant: string; agent: string; nowMs: number };

export type QuoteRefusal =
  | 'idempotency_key_reused'
  | 'validation_failed'
  | 'not_found'
  | 'quote_expired'
  | 'quote_mismatch'
  | 'invalid_transition';

/** `pointers`: into the request that is refused. */
type Details = { pointers: readonly string[]; unpriceable: Unpriceable | null };
type QuoteDecision = Decision<QuoteEvent, QuoteRefusal, Details>;
type Issue = Extract<QuoteCommand, { type: 'IssueQuote' }>;
type Use = Extract<QuoteCommand, { type: 'UseQuote' }>;
type Release = Extract<QuoteCommand, { type: 'ReleaseQuote' }>;

/** A price that stands until it expires, for one payment of one agent. `render`: what whoever asked for it is answered. */
export function quoteDecider(
  render: (quote: QuoteFacts) => Pick<Operation, 'status' | 'body'>,
): Decider<QuoteCommand, QuoteEvent, QuoteState, QuoteRefusal, Details> {
  return {
    initial: initialQuote,
    evolve: evolveQuote,
    decide: (command, state) => {
      switch (command.type) {
        case 'IssueQuote':
          return recall(command.operation, state) ?? issue(command, render);
        case 'RecallQuote':
          return recall(command.operation, state) ?? accepted();
        case 'UseQuote':
          return use(command, state);
        case 'ReleaseQuote':
          return release(command, state);
      }
    },
  };
}

/** Null for an operation that was never seen. */
function recall(operation: Asked, { answers }: QuoteState): QuoteDecision | null {
  const pointers = repeatedOperation(answers, { ...operation, status: 0, body: '' });
  if (pointers === null) return null;
  return pointers.length > 0 ? no('idempotency_key_reused', pointers) : accepted();
}

function issue(
  { wanted, rate, rules, validForMs, operation, nowMs }: Issue,
  render: Parameters<typeof quoteDecider>[0],
): QuoteDecision {
  const { currency, chargeCurrency, payee } = wanted;
  // A rate of something else would be a price of something else.
  if (rate.from !== currency || rate.to !== chargeCurrency) return no('invalid_transition');
  const price = priceOf({ ...wanted, rate: rate.rate, country: payee?.country ?? null }, rules);
  if (typeof price === 'string') return no('validation_failed', ['/amount'], price);
  const [at, expiresAt] = [toRfc3339(nowMs), toRfc3339(nowMs + validForMs)];
  const quote = { ...wanted, price, rate, createdAt: at, expiresAt, usedBy: null };
  return accepted<QuoteEvent>(
    { type: 'QuoteRequested', data: { ...wanted, at } },
    { type: 'QuoteIssued', data: { price, rate, expiresAt, at } },
    concluded({ ...operation, ...render(quote) }, at),
  );
}

function use(command: Use, { quote, released }: QuoteState): QuoteDecision {
  const { intent, nowMs } = command;
  if (!quote || !isOwn(quote, command)) return no('not_found', ['/quote']);
  if (released.has(intent)) return no('invalid_transition', ['/quote']);
  if (quote.usedBy === intent) return accepted();
  if (quote.usedBy !== null) return no('quote_mismatch', ['/quote']);
  const altered = alteredFields(command, quote);
  if (altered.length > 0) return no('quote_mismatch', altered);
  if (nowMs >= toEpochMs(quote.expiresAt)) return no('quote_expired', ['/quote']);
  return accepted<QuoteEvent>({ type: 'QuoteUsed', data: { intent, at: toRfc3339(nowMs) } });
}

/** What is another's is not recorded in its stream. */
function release(command: Release, { quote, released }: QuoteState): QuoteDecision {
  const { intent, nowMs } = command;
  if (!quote || !isOwn(quote, command) || released.has(intent)) return accepted();
  return accepted<QuoteEvent>({ type: 'QuoteReleased', data: { intent, at: toRfc3339(nowMs) } });
}

function alteredFields({ amountMinor, currency, payee }: Use, quote: QuoteFacts): string[] {
  const isPriced = quote.payee !== null;
  return [
    ...(amountMinor === quote.amountMinor ? [] : ['/amount']),
    ...(currency === quote.currency ? [] : ['/currency']),
    ...(isPriced && payee.id !== quote.payee.id ? ['/payee/id'] : []),
    // The price may depend on it.
    ...(isPriced && payee.country !== quote.payee.country ? ['/payee/country'] : []),
  ];
}

function isOwn(quote: WantedQuote, { tenant, agent }: { tenant: string; agent: string }): boolean {
  return quote.tenant === tenant && quote.agent === agent;
}

function no(
  code: QuoteRefusal,
  pointers: readonly string[] = [],
  unpriceable: Unpriceable | null = null,
): QuoteDecision {
  return refused(code, { pointers, unpriceable });
}

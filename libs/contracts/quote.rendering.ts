import type { JsonRecord, QuoteFacts, RateEvidence } from '#domain';

/** The resource, as it stands at an instant (RFC 3339). */
export function renderQuote(quote: QuoteFacts, now: string): JsonRecord {
  const { id, agent, payee, amountMinor, currency, price, rate, usedBy } = quote;
  const { createdAt, expiresAt } = quote;
  return {
    ...{
      object: 'quote',
      id,
      status: usedBy !== null ? 'used' : now < expiresAt ? 'open' : 'expired',
    },
    ...{ agent, payee: payee && { id: payee.id, country: payee.country } },
    ...{ amount: amountMinor, currency },
    ...{ charge_amount: price.amountMinor, charge_currency: price.currency },
    ...{ rate: rate.rate, rate_source: rate.source, rate_as_of: rate.asOf, rates: sourcesOf(rate) },
    markup: price.markupMinor,
    pricing: {
      version: price.version,
      lines: price.lines.map(({ kind, rule, amountMinor: amount, because }) => ({
        ...{ kind, rule, amount, because },
      })),
    },
    payment_intent: usedBy === null ? null : `pi_${usedBy}`,
    ...{ created_at: createdAt, expires_at: expiresAt },
  };
}

function sourcesOf({ opinions, noOpinions }: Pick<RateEvidence, 'opinions' | 'noOpinions'>) {
  return [
    ...opinions.map(({ source, rate, asOf }) => ({ source, rate, as_of: asOf, reason: null })),
    ...noOpinions.map(({ source, reason }) => ({ source, rate: null, as_of: null, reason })),
  ];
}

import type { JsonRecord, PaymentMethodFacts } from '#domain';

/** The resource: what a token stands for, and nothing that could pay. Of an erased card nothing is shown any more. */
export function renderPaymentMethod({
  id,
  agent,
  card,
  createdAt,
  erasedAt,
}: PaymentMethodFacts): JsonRecord {
  const { brand, last4, expMonth, expYear } = card;
  return {
    object: 'payment_method',
    id,
    status: erasedAt === null ? 'active' : 'erased',
    card: erasedAt === null ? { brand, last4, exp_month: expMonth, exp_year: expYear } : null,
    agent,
    created_at: createdAt,
    erased_at: erasedAt,
  };
}

import type { JsonRecord, LimitFigures } from '#domain';

/** A limit as the wire shows it: amounts in minor units of `currency`, counts where that is null. */
export function renderLimit({
  rule,
  currency,
  limit,
  used,
  held,
  remaining,
  resetsAt,
}: LimitFigures): JsonRecord {
  return { rule, currency, limit, used, held, remaining, resets_at: resetsAt };
}

/** What an agent may still spend under one of its mandates. */
export function renderAuthority({
  mandate,
  status,
  limits,
}: {
  mandate: string;
  status: string;
  limits: readonly LimitFigures[];
}): JsonRecord {
  return { object: 'authority', mandate, status, limits: limits.map(renderLimit) };
}

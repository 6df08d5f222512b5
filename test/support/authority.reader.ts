/** One limit of an agent and what is left of it. */
export interface AuthorityLimit {
  limit: number;
  held: number;
  used: number;
  remaining: number;
  resets_at?: string | null;
}

/** The limits in an answer of `GET /v1/authority`, wherever it keeps them: the contract fixes their figures, not their place. */
export function limitsIn(body: unknown): AuthorityLimit[] {
  if (Array.isArray(body)) return body.flatMap(limitsIn);
  if (typeof body !== 'object' || body === null) return [];
  if (isLimit(body)) return [body];
  return Object.values(body).flatMap(limitsIn);
}

function isLimit(value: object): value is AuthorityLimit {
  return ['limit', 'held', 'used', 'remaining'].every(
    (name) => typeof (value as Record<string, unknown>)[name] === 'number',
  );
}

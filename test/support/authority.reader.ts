import type { ApiClient } from './agent.client.js';
import { eventually } from './eventually.js';

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

/**
 * Waits until what the agent sees of its limit of that figure is as expected: a mandate learns what became of a payment a moment
 * after the payment is answered.
 */
export function untilBudget(
  client: Pick<ApiClient, 'authority'>,
  figure: number,
  expected: Partial<Omit<AuthorityLimit, 'limit'>>,
): Promise<AuthorityLimit | undefined> {
  const matches = (limit: AuthorityLimit) =>
    Object.entries(expected).every(
      ([name, value]) => limit[name as keyof AuthorityLimit] === value,
    );
  return eventually(
    async () => limitsIn((await client.authority()).body).find(({ limit }) => limit === figure),
    (limit) => limit !== undefined && matches(limit),
    { what: `${JSON.stringify(expected)} of the limit of ${figure}` },
  );
}

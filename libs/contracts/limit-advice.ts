import type { MandateCheck, RuleResult } from '#domain';
import type { Remedy, Retry, Violation } from './problems.js';

/** One rule of a mandate with what it saw, as `MandateDecided` holds it. */
type Check = RuleResult | MandateCheck;

interface Figures {
  rule: string;
  failed: boolean;
  /** Null for a count; undefined where the rule is no limit. */
  currency?: string | null;
  limit?: number;
  used?: number;
  held?: number;
  requested?: number;
  remaining?: number;
  resetsAt?: string | null;
}

const POINTERS: Readonly<Record<string, string>> = {
  'mandate.agent': '/mandate',
  'mandate.active': '/mandate',
  'mandate.validity': '/mandate',
  'payees.allow': '/payee/id',
  'payees.deny': '/payee/id',
  'categories.deny': '/payee/mcc',
  currency: '/currency',
};

/** What the mandate objects to, as the wire shows it: amounts in minor units, counts in payments. */
export function mandateViolations(checks: readonly Check[]): Violation[] {
  return checks
    .map(figuresOf)
    .filter(({ failed }) => failed)
    .map(({ rule, limit, used, held, requested, remaining, resetsAt }) => {
      // What a mandate above objects to is found in the same place of the request.
      const pointer = POINTERS[rule.replace(/^(?:parent\.)+/, '')] ?? '/amount';
      const figures = { limit, used, held, requested, remaining, resets_at: resetsAt };
      return { pointer, rule, ...defined(figures) };
    });
}

/**
 * The ways out of a reached limit, the quickest first: a smaller amount that every limit has room for, or waiting until the
 * violated windows begin anew. `nowMs` is when the payment was refused.
 */
export function limitAdvice(
  checks: readonly Check[],
  nowMs: number,
): { retry: Retry; remedies: Remedy[] } {
  const figures = checks.map(figuresOf);
  const remedies: Remedy[] = [];
  const room = roomFor(figures);
  if (room >= 1)
    remedies.push({
      type: 'modify_request',
      actor: 'agent',
      patch: [{ op: 'replace', path: '/amount', value: room }],
    });
  const until = roomFrom(figures.filter(({ failed }) => failed));
  if (until === null)
    return { retry: { retryable: remedies.length > 0, same_key: false }, remedies };
  remedies.push({ type: 'wait', actor: 'agent', until });
  const after_ms = Math.max(1, Date.parse(until) - nowMs);
  return { retry: { retryable: true, same_key: false, after_ms }, remedies };
}

/** The largest amount that every limit has room for now; 0 when a count is used up. */
function roomFor(figures: readonly Figures[]): number {
  const countUsedUp = figures.some(
    ({ currency, remaining }) => currency === null && remaining === 0,
  );
  if (countUsedUp) return 0;
  const amounts = figures.flatMap(({ currency, remaining }) =>
    typeof currency === 'string' ? (remaining ?? []) : [],
  );
  return amounts.length > 0 ? Math.min(...amounts) : 0;
}

/** When every violated limit begins anew; null when one never does or is too small even then. */
function roomFrom(violated: readonly Figures[]): string | null {
  let until: string | null = null;
  for (const { limit = 0, requested = 0, resetsAt } of violated) {
    if (!resetsAt || requested > limit) return null;
    if (until === null || resetsAt > until) until = resetsAt;
  }
  return until;
}

function figuresOf(check: Check): Figures {
  const { rule, result, ...details } = check;
  return { rule, failed: result === 'failed', ...(details as Omit<Figures, 'rule' | 'failed'>) };
}

function defined<T extends Record<string, string | number | null | undefined>>(
  record: T,
): Record<string, string | number | null> {
  const present = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as Record<string, string | number | null>;
}

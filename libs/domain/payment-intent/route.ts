import type { ProcessorFacts } from './payment-intent.commands.js';
import type { RouteCandidate } from './payment-intent.events.js';

/** Every processor in order of preference, whether it can take this payment now, and why. */
export function chooseRoute(
  processors: readonly ProcessorFacts[],
  currency: string,
  attempted: ReadonlySet<string>,
): RouteCandidate[] {
  return processors.map((facts) => {
    const reason = whyNot(facts, currency, attempted);
    return { processor: facts.name, eligible: reason === null, reason: reason ?? 'available' };
  });
}

function whyNot(
  { name, breaker, currencies }: ProcessorFacts,
  currency: string,
  attempted: ReadonlySet<string>,
): string | null {
  if (attempted.has(name)) return 'already_attempted';
  if (currencies !== 'all' && !currencies.includes(currency)) return 'currency_not_supported';
  if (breaker === 'open') return 'breaker_open';
  return null;
}

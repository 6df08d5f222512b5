import type { StreamEvent } from '../../support/contract.types.js';

type Proof = 'declined' | 'not_executed' | 'fenced';
type Standing = Proof | 'open' | 'unknown' | 'declined_hard' | 'held';

/** Another processor was asked, for what reason, and how long after that was known. */
export interface Failover {
  proof: Proof;
  /** Nobody knew for a while whether the first one charged. */
  wasUnknown: boolean;
  ms: number;
}

/** Reads from the events of a payment where it went on, and names each time that it went on without proof. */
export function failoversIn(
  payment: string,
  events: readonly StreamEvent[],
): { failovers: Failover[]; unknown: number; faults: string[] } {
  const attempts = new Map<number, { standing: Standing; wasUnknown: boolean; atMs: number }>();
  const failovers: Failover[] = [];
  const faults: string[] = [];
  for (const { type, data, recorded_at } of events) {
    const number = data['number'] as number;
    const atMs = Date.parse(recorded_at);
    const standing = standingAfter(type, data);
    if (standing === null) continue;
    const { wasUnknown = false } = attempts.get(number) ?? {};
    if (type === 'AttemptStarted' && number > 1) {
      const before = attempts.get(number - 1);
      if (!before || !isProof(before.standing, before.wasUnknown))
        faults.push(`${payment} went on to attempt ${number} after ${JSON.stringify(before)}`);
      else
        failovers.push({
          proof: before.standing as Proof,
          wasUnknown: before.wasUnknown,
          ms: atMs - before.atMs,
        });
    }
    attempts.set(number, { standing, wasUnknown: wasUnknown || standing === 'unknown', atMs });
  }
  const unknown = [...attempts.values()].filter(({ wasUnknown }) => wasUnknown).length;
  return { failovers, unknown, faults };
}

function standingAfter(type: string, data: Record<string, unknown>): Standing | null {
  switch (type) {
    case 'AttemptStarted':
      return 'open';
    case 'AttemptDeclined':
      return data['category'] === 'soft' ? 'declined' : 'declined_hard';
    case 'AttemptNotExecuted':
      return 'not_executed';
    case 'AttemptFenced':
      return 'fenced';
    case 'PaymentAuthorized':
      return 'held';
    case 'OutcomeUnknown':
      return data['operation'] === 'authorize' ? 'unknown' : null;
    default:
      return null;
  }
}

/** That a later call was not executed says nothing of an earlier one. */
function isProof(standing: Standing, wasUnknown: boolean): boolean {
  return (
    standing === 'declined' || standing === 'fenced' || (standing === 'not_executed' && !wasUnknown)
  );
}

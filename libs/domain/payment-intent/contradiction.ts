import { toRfc3339 } from '../shared/time.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import type { AttemptState } from './payment-intent.state.js';

/** The processor says something else than what was proven before: nothing to adopt, a human must look. Said again, it is no news. */
export function contradiction(
  { number, contradicted }: AttemptState,
  { recorded, reported }: { recorded: string; reported: string },
  nowMs: number,
): PaymentIntentEvent[] {
  if (contradicted?.includes(reported)) return [];
  const data = { number, recorded, reported, at: toRfc3339(nowMs) };
  return [{ type: 'OutcomeContradicted', data }];
}

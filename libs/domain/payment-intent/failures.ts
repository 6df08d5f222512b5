import type { ApprovalReason, Failure } from './payment-intent.events.js';
import type { AttemptState } from './payment-intent.state.js';

export function failure(code: string, detail: string): Failure {
  return { code, detail, violations: [], decline: null };
}

/** Why a payment failed after its attempts: the last definite decline says more than "nobody could be reached". */
export function failureOfAttempts(attempts: readonly AttemptState[]): Failure {
  const declined = attempts.findLast(({ decline }) => decline !== null);
  if (!declined?.decline) {
    return failure(
      'no_processor_available',
      attempts.length === 0
        ? 'No processor can take this payment now.'
        : 'No processor executed this payment; nothing was charged.',
    );
  }
  return {
    ...failure('payment_declined', `The payment was declined by ${declined.processor}.`),
    decline: declined.decline,
  };
}

/** Why a human is asked when the fraud screen wants a review. */
export function reviewReason({ score }: { score: number }): ApprovalReason {
  const detail = `The fraud screen asks for a review (score ${score}).`;
  return { source: 'fraud', rule: 'review', detail };
}

import { type Failure, type JsonRecord, type PaymentIntentState, toEpochMs } from '#domain';
import { limitAdvice, mandateViolations } from './limit-advice.js';
import { type Remedy, type Retry, type Violation, cleaned, problemKind } from './problems.js';
import { cleanText } from './untrusted-text.js';

/** What a failed payment means for the agent, the same in the resource and in a problem. */
export interface FailureMeaning {
  retry: Retry;
  remedies: Remedy[];
  violations: readonly (Violation | JsonRecord)[];
  untrusted: Record<string, string> | null;
}

export function failureMeaning(failure: Failure, state: PaymentIntentState): FailureMeaning {
  const { code, category, retry: usual } = problemKind(failure.code);
  // The failure is recorded under the key, which gives the same answer for ever.
  const retry = { ...usual, same_key: false };
  const checks = state.mandateDecision?.rules ?? [];
  const found = category === 'authority' ? mandateViolations(checks) : [];
  const violations = found.length > 0 ? found : failure.violations;
  const message = failure.decline?.message;
  const untrusted = message ? { processor_message: message } : null;
  const meaning = { retry, remedies: [], violations, untrusted };
  if (code === 'mandate_limit_exceeded')
    return { ...meaning, ...limitAdvice(checks, toEpochMs(state.concludedAt ?? '')) };
  if (code === 'possible_duplicate')
    return { ...meaning, remedies: duplicateRemedies(failure, state) };
  if (code === 'payment_declined')
    return { ...meaning, retry: { retryable: isSoft(failure), same_key: false } };
  return meaning;
}

/** `failure` of the resource. */
export function renderFailure(state: PaymentIntentState): JsonRecord | null {
  const { failure } = state;
  if (!failure) return null;
  const { retry, remedies, violations, untrusted } = failureMeaning(failure, state);
  const rendered = {
    code: failure.code,
    category: problemKind(failure.code).category,
    detail: cleanText(failure.detail),
    retry,
    remedies,
    ...(violations.length > 0 && { violations }),
    ...(failure.decline && {
      decline: { code: declineCode(failure.decline.code), category: failure.decline.category },
    }),
    ...(untrusted && { untrusted: cleaned(untrusted) }),
  };
  return rendered as unknown as JsonRecord;
}

/** The earlier payment that a duplicate is suspected of, `pi_…`; null when it is not on record. */
export function earlierPayment({ violations }: Failure): string | null {
  const [earlier] = violations.flatMap(({ payment_intent }) =>
    typeof payment_intent === 'string' ? [payment_intent] : [],
  );
  return earlier ?? null;
}

function duplicateRemedies(failure: Failure, { request }: PaymentIntentState): Remedy[] {
  const earlier = earlierPayment(failure);
  if (earlier === null) return untilFree(failure).map((until) => waitRemedy(until));
  const known = Array.isArray(request['distinct_from'])
    ? (request['distinct_from'] as string[])
    : [];
  return [
    { type: 'fetch', actor: 'agent', url: `/v1/payment_intents/${earlier}` },
    {
      type: 'modify_request',
      actor: 'agent',
      patch: [{ op: 'add', path: '/distinct_from', value: [...known, earlier] }],
    },
  ];
}

/** When the claim that is in the way is none any more; an agent that may not know whose it is can wait for that. */
function untilFree({ violations }: Failure): string[] {
  return violations.flatMap(({ resets_at }) => (typeof resets_at === 'string' ? [resets_at] : []));
}

function waitRemedy(until: string): Remedy {
  return { type: 'wait', actor: 'agent', until };
}

function isSoft({ decline }: Failure): boolean {
  return decline?.category === 'soft';
}

/** A code is a word; what is none comes from outside unread and is not repeated as one. */
export function declineCode(code: string): string {
  return /^[a-z0-9_]{1,64}$/.test(code) ? code : 'other';
}

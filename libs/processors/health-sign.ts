import type { Outcome, PrepareOutcome, RefundOutcome } from '#domain';
import type { LookUpAnswer, ProvisionOutcome } from './processor.port.js';
import { UNKNOWN_METHOD } from './unknown-method.js';

/**
 * What one call says about the health of a processor.
 * `answered`: it decided about money. `unreachable`: nobody listens. `failing`: it took the call and gave no usable
 * answer. `neutral`: neither, for example a rejected request, or an answer of a part that works while money calls fail.
 */
export type HealthSign = 'answered' | 'unreachable' | 'failing' | 'neutral';

/** One of these is enough to know. A connect timeout is not: under load it happens to healthy processors too. */
const UNREACHABLE = new Set([
  'connection_refused',
  'name_not_found',
  'host_unreachable',
  'network_unreachable',
]);

/** Evidence about ourselves, the request or the charge, not about the processor. */
const NEUTRAL = new Set([
  'ambiguous',
  'amount_not_representable',
  'canceled',
  'client_closed',
  'currency_unsupported',
  'holds_more',
  'invalid_request',
  'no_local_address',
  'not_found',
  'not_supported',
  'partially_authorised',
  'pending',
  'received',
  'reference_missing',
  'unconfirmed',
]);

export function signOfOutcome(outcome: Outcome | PrepareOutcome | RefundOutcome): HealthSign {
  switch (outcome.kind) {
    case 'succeeded':
    case 'accepted':
    case 'action_required':
    case 'fenced':
      return 'answered';
    // Nobody was asked for a token that is not known, so it excuses nothing.
    case 'declined':
      return outcome.code === UNKNOWN_METHOD.code ? 'neutral' : 'answered';
    // An unconfirmed create succeeds at a processor whose money calls all fail, so it excuses nothing.
    case 'prepared':
      return 'neutral';
    case 'not_executed':
    case 'unknown':
      return signOfEvidence(outcome.evidence);
  }
}

export const signOfLookUp = (answer: LookUpAnswer): HealthSign =>
  answer.state === 'unproven' ? signOfEvidence(answer.evidence) : 'neutral';

export const signOfRefundLookUp = (outcome: RefundOutcome): HealthSign =>
  'evidence' in outcome ? signOfEvidence(outcome.evidence) : 'neutral';

/** Tokens are given by a part that may work while money calls fail. */
export const signOfProvision = (outcome: ProvisionOutcome): HealthSign =>
  outcome.kind === 'failed' ? signOfEvidence(outcome.evidence) : 'neutral';

/** Evidence is `http_<status>` with an optional `:<code>`, or one word. */
function signOfEvidence(evidence: string): HealthSign {
  if (UNREACHABLE.has(evidence)) return 'unreachable';
  return NEUTRAL.has(evidence) || evidence.startsWith('http_4') ? 'neutral' : 'failing';
}

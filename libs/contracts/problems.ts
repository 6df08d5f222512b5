import type { JsonRecord, MoneyState } from '#domain';
import { cleanText } from './untrusted-text.js';

export type ProblemCategory =
  | 'request'
  | 'idempotency'
  | 'identity'
  | 'authority'
  | 'risk'
  | 'quote'
  | 'state'
  | 'system'
  | 'processor'
  | 'merchant';

/** Whether asking again can help; `same_key`: then with the same idempotency key, otherwise with a new one. */
export interface Retry {
  retryable: boolean;
  same_key: boolean;
  after_ms?: number;
}

/** A way on. Each can be executed as given: a patch (RFC 6902) of the request, an instant, a URL of this server. */
export type Remedy =
  | { type: 'modify_request'; actor: 'agent'; patch: PatchOperation[] }
  | { type: 'wait'; actor: 'agent'; until: string }
  | { type: 'fetch'; actor: 'agent'; url: string };

export interface PatchOperation {
  op: 'add' | 'replace';
  path: string;
  value: string | number | string[];
}

export interface Violation {
  /** JSON pointer (RFC 6901) into the request; empty for the request as a whole. */
  pointer: string;
  rule: string;
  [detail: string]: string | number | null;
}

interface ProblemKind {
  category: ProblemCategory;
  status: number;
  title: string;
  retry: Retry;
}

const AS_IT_IS_NEVER: Retry = { retryable: false, same_key: true };
/** The refusal is recorded under the key: whatever is asked next needs another. */
const RECORDED: Retry = { retryable: false, same_key: false };
const NEW_KEY: Retry = { retryable: true, same_key: false };
const SOON: Retry = { retryable: true, same_key: true, after_ms: 1_000 };

function kind(
  category: ProblemCategory,
  status: number,
  title: string,
  retry: Retry = AS_IT_IS_NEVER,
): ProblemKind {
  return { category, status, title, retry };
}

/** Every code a caller can meet. The last two are failures of concluded payments and never problems of their own. */
export const PROBLEMS = {
  validation_failed: kind('request', 400, 'The request is not valid'),
  malformed_json: kind('request', 400, 'The body is not acceptable JSON'),
  payload_too_large: kind('request', 413, 'The body is too large'),
  currency_unsupported: kind('request', 400, 'The currency is not supported'),
  idempotency_key_required: kind('idempotency', 400, 'An idempotency key is required', NEW_KEY),
  idempotency_key_invalid: kind('idempotency', 400, 'The idempotency key is not valid', NEW_KEY),
  idempotency_key_reused: kind('idempotency', 422, 'The key belongs to another request', NEW_KEY),
  possible_duplicate: kind('idempotency', 409, 'This looks like an earlier purchase', NEW_KEY),
  unauthenticated: kind('identity', 401, 'Valid credentials are required'),
  forbidden: kind('identity', 403, 'Not allowed for this role'),
  agent_suspended: kind('identity', 403, 'The agent is suspended'),
  signature_invalid: kind('identity', 401, 'The signature is not valid'),
  mandate_required: kind('authority', 403, 'A mandate is required', RECORDED),
  mandate_expired: kind('authority', 403, 'The mandate is not valid now', RECORDED),
  mandate_revoked: kind('authority', 403, 'The mandate is revoked', RECORDED),
  mandate_limit_exceeded: kind('authority', 403, 'Spending limit reached', RECORDED),
  payee_not_allowed: kind('authority', 403, 'The payee is not allowed', RECORDED),
  category_not_allowed: kind('authority', 403, 'The merchant category is not allowed', RECORDED),
  currency_not_allowed: kind('authority', 403, 'The currency is not allowed', RECORDED),
  policy_denied: kind('authority', 403, 'Policy does not allow this payment', RECORDED),
  approval_denied: kind('authority', 403, 'The approval was denied', RECORDED),
  approval_expired: kind('authority', 403, 'The approval came too late', RECORDED),
  fraud_blocked: kind('risk', 403, 'Blocked by the fraud screen', RECORDED),
  velocity_exceeded: kind('risk', 429, 'Too many payments in a short time', {
    ...NEW_KEY,
    after_ms: 60_000,
  }),
  quote_expired: kind('quote', 409, 'The quote has expired', NEW_KEY),
  quote_mismatch: kind('quote', 409, 'The quote is for another payment', RECORDED),
  rate_unavailable: kind('quote', 503, 'No exchange rate is available', SOON),
  not_found: kind('state', 404, 'Not found'),
  invalid_transition: kind('state', 409, 'Not possible in this state', RECORDED),
  amount_exceeds_capturable: kind('state', 409, 'More than can be captured', RECORDED),
  amount_exceeds_refundable: kind('state', 409, 'More than can be refunded', RECORDED),
  rate_limited: kind('system', 429, 'Too many requests', SOON),
  overloaded: kind('system', 503, 'Overloaded', SOON),
  store_unavailable: kind('system', 503, 'The store is not available', SOON),
  no_processor_available: kind('system', 503, 'No processor can take this payment now', {
    ...NEW_KEY,
    after_ms: 5_000,
  }),
  internal: kind('system', 500, 'Something went wrong here', SOON),
  payment_declined: kind('processor', 402, 'The payment was declined', RECORDED),
  reservation_refused: kind('merchant', 409, 'The merchant did not reserve the items', RECORDED),
} as const satisfies Record<string, ProblemKind>;

export type FailureCode = keyof typeof PROBLEMS;
type FailureOnly = 'payment_declined' | 'reservation_refused';
export type ProblemCode = Exclude<FailureCode, FailureOnly>;

const FAILURES_ONLY: readonly string[] = [
  'payment_declined',
  'reservation_refused',
] satisfies FailureOnly[];

/** Whether a code is answered as a problem, and not only as the failure of a resource. */
export function isProblemCode(code: FailureCode): code is ProblemCode {
  return !FAILURES_ONLY.includes(code);
}

export const PROBLEM_CODES = (Object.keys(PROBLEMS) as FailureCode[]).filter(isProblemCode);

export interface ProblemFacts {
  code: ProblemCode;
  detail: string;
  /** Path of the request. */
  instance: string;
  traceId: string;
  /** On every problem about money. `unknown` makes the retry one with the same key and drops what could pay twice. */
  moneyState?: MoneyState;
  /** Where it differs from what the code usually means. */
  retry?: Retry;
  remedies?: readonly Remedy[];
  violations?: readonly (Violation | JsonRecord)[];
  /** Public id (`pi_…`). */
  paymentIntent?: string | null;
  /** Words from outside by their source, as they came. */
  untrusted?: Readonly<Record<string, string>>;
}

/** Status and exact bytes. */
export interface Problem {
  status: number;
  body: string;
}

/** An RFC 9457 problem. */
export function problem(facts: ProblemFacts): Problem {
  const { code, moneyState, untrusted } = facts;
  const { category, status, title, retry: usual } = PROBLEMS[code];
  const unknown = moneyState === 'unknown';
  const retry = facts.retry ?? usual;
  const remedies = (facts.remedies ?? []).filter(
    ({ type }) => !unknown || type !== 'modify_request',
  );
  const body = {
    type: `https://bursar.dev/problems/${code}`,
    title,
    status,
    code,
    category,
    detail: cleanText(facts.detail),
    instance: facts.instance,
    ...(moneyState && { money_state: moneyState }),
    retry: unknown ? { ...retry, same_key: true } : { ...retry },
    ...(facts.violations?.length && { violations: facts.violations }),
    remedies,
    ...((moneyState || facts.paymentIntent) && { payment_intent: facts.paymentIntent ?? null }),
    trace_id: facts.traceId,
    ...(untrusted && { untrusted: cleaned(untrusted) }),
  };
  return { status, body: JSON.stringify(body) };
}

export function cleaned(untrusted: Readonly<Record<string, string>>): JsonRecord {
  return Object.fromEntries(
    Object.entries(untrusted).map(([source, text]) => [source, cleanText(text)]),
  );
}

/** What a failure's code means, also for codes this version does not know. */
export function problemKind(code: string): ProblemKind & { code: FailureCode } {
  const known = isFailureCode(code) ? code : 'internal';
  return { code: known, ...PROBLEMS[known] };
}

function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** The closed vocabulary of problem codes, as the contract lists it: category and HTTP status of each. */
const CATEGORIES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  request: {
    validation_failed: 400,
    malformed_json: 400,
    payload_too_large: 413,
    currency_unsupported: 400,
  },
  idempotency: {
    idempotency_key_required: 400,
    idempotency_key_invalid: 400,
    idempotency_key_reused: 422,
    possible_duplicate: 409,
  },
  identity: { unauthenticated: 401, forbidden: 403, agent_suspended: 403, signature_invalid: 401 },
  authority: {
    mandate_required: 403,
    mandate_expired: 403,
    mandate_revoked: 403,
    mandate_limit_exceeded: 403,
    payee_not_allowed: 403,
    category_not_allowed: 403,
    currency_not_allowed: 403,
    policy_denied: 403,
    approval_denied: 403,
    approval_expired: 403,
  },
  risk: { fraud_blocked: 403, velocity_exceeded: 429 },
  quote: { quote_expired: 409, quote_mismatch: 409, rate_unavailable: 503 },
  state: {
    not_found: 404,
    invalid_transition: 409,
    amount_exceeds_capturable: 409,
    amount_exceeds_refundable: 409,
  },
  system: {
    rate_limited: 429,
    overloaded: 503,
    store_unavailable: 503,
    no_processor_available: 503,
    internal: 500,
  },
};

export const PROBLEM_CODES: ReadonlyMap<string, { category: string; status: number }> = new Map(
  Object.entries(CATEGORIES).flatMap(([category, codes]) =>
    Object.entries(codes).map(([code, status]) => [code, { category, status }] as const),
  ),
);

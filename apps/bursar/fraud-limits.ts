/** How long the fraud screen may take, and what it means when it did not answer. */
export const FRAUD_LIMITS = { timeoutMs: 500, failMode: 'closed' } as const;

/**
 * Stripe's decline codes, https://docs.stripe.com/declines/codes. Soft: the issuer gave no reason, or one that depends on the
 * moment or the road, so another processor may be told yes. Everything else, and every code nobody knows, is hard.
 */

/** "Attempt the payment again": what passes by itself. The domain knows no "later", and another road may work at once. */
const PASSING = [
  'approve_with_id',
  'issuer_not_available',
  'processing_error',
  'reenter_transaction',
  'try_again_later',
];

/** The account behind the card cannot pay this now. */
const SHORT_OF_FUNDS = [
  'card_velocity_exceeded',
  'insufficient_funds',
  'withdrawal_count_limit_exceeded',
];

/** No reason, or one about this acquirer, currency or kind of purchase. */
const UNEXPLAINED = [
  'authentication_required',
  'call_issuer',
  'card_not_supported',
  'currency_not_supported',
  'do_not_honor',
  'generic_decline',
  'no_action_taken',
  'not_permitted',
  'service_not_allowed',
  'transaction_not_allowed',
];

const SOFT: ReadonlySet<string> = new Set([...PASSING, ...SHORT_OF_FUNDS, ...UNEXPLAINED]);

/**
 * `adviceCode` is the issuer's own (https://docs.stripe.com/declines/card): one that forbids to try again makes every decline
 * hard, because card networks fine those who do.
 */
export const categoryOf = (declineCode: string, adviceCode?: string): 'soft' | 'hard' =>
  adviceCode !== 'do_not_try_again' && SOFT.has(declineCode) ? 'soft' : 'hard';

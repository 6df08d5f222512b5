import { describe, expect, it } from 'vitest';
import { categoryOf } from './stripe.declines.js';

const of = (codes: string) => codes.split(' ');

/** Every code of https://docs.stripe.com/declines/codes. */
const SOFT = of(
  'approve_with_id authentication_required call_issuer card_not_supported card_velocity_exceeded currency_not_supported ' +
    'do_not_honor generic_decline insufficient_funds issuer_not_available no_action_taken not_permitted processing_error ' +
    'reenter_transaction service_not_allowed transaction_not_allowed try_again_later withdrawal_count_limit_exceeded',
);
const HARD = of(
  'authentication_not_handled do_not_try_again duplicate_transaction expired_card fraudulent incorrect_address incorrect_cvc ' +
    'incorrect_number incorrect_pin incorrect_zip invalid_account invalid_amount invalid_cvc invalid_expiry_month ' +
    'invalid_expiry_year invalid_number invalid_pin lost_card merchant_blacklist new_account_information_available ' +
    'offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded restricted_card ' +
    'revocation_of_all_authorizations revocation_of_authorization security_violation stolen_card stop_payment_order ' +
    'testmode_decline',
);

describe('a decline', () => {
  it.each(SOFT)('%s may be a yes elsewhere', (code) => expect(categoryOf(code)).toBe('soft'));

  it.each(HARD)('%s is final', (code) => expect(categoryOf(code)).toBe('hard'));

  it('with a code that nobody knows is final', () => {
    expect(categoryOf('a_new_one')).toBe('hard');
    expect(categoryOf('constructor')).toBe('hard');
  });

  it('is final when the issuer forbids to try again', () => {
    expect(categoryOf('do_not_honor', 'do_not_try_again')).toBe('hard');
    expect(categoryOf('do_not_honor', 'try_again_later')).toBe('soft');
    expect(categoryOf('stolen_card', 'try_again_later')).toBe('hard');
  });
});

/**
 * Why Adyen's `refusalReasonCode` refuses, and whether another processor may say yes. The codes and their names are those
 * of docs.adyen.com/development-resources/refusal-reasons; soft or hard is decided here. Soft is what speaks of the way the
 * payment took or of this moment, hard what speaks of the card, the cardholder or fraud. 0 and 30 come with approvals, 13
 * with `Received`; 1 was never published.
 */
const REFUSALS: Readonly<Record<string, readonly [code: string, category: 'soft' | 'hard']>> = {
  '2': ['refused', 'soft'],
  '3': ['referral', 'hard'],
  '4': ['acquirer_error', 'soft'],
  '5': ['blocked_card', 'hard'],
  '6': ['expired_card', 'hard'],
  '7': ['invalid_amount', 'hard'],
  '8': ['invalid_card_number', 'hard'],
  '9': ['issuer_unavailable', 'soft'],
  '10': ['not_supported', 'soft'],
  '11': ['authentication_failed', 'hard'],
  '12': ['not_enough_balance', 'soft'],
  '14': ['acquirer_fraud', 'hard'],
  '15': ['canceled', 'hard'],
  '16': ['shopper_canceled', 'hard'],
  '17': ['invalid_pin', 'hard'],
  '18': ['pin_tries_exceeded', 'hard'],
  '19': ['pin_validation_not_possible', 'hard'],
  '20': ['fraud', 'hard'],
  '21': ['not_submitted', 'soft'],
  '22': ['fraud_canceled', 'hard'],
  '23': ['transaction_not_permitted', 'hard'],
  '24': ['cvc_declined', 'hard'],
  '25': ['restricted_card', 'hard'],
  '26': ['revocation_of_authorization', 'hard'],
  '27': ['declined_non_generic', 'soft'],
  '28': ['withdrawal_amount_exceeded', 'soft'],
  '29': ['withdrawal_count_exceeded', 'soft'],
  '31': ['issuer_suspected_fraud', 'hard'],
  '32': ['avs_declined', 'hard'],
  '33': ['online_pin_required', 'hard'],
  '34': ['no_checking_account', 'hard'],
  '35': ['no_savings_account', 'hard'],
  '36': ['mobile_pin_required', 'hard'],
  '37': ['contactless_fallback', 'hard'],
  '38': ['authentication_required', 'hard'],
  '39': ['authentication_result_missing', 'hard'],
  '40': ['card_application_blocked', 'hard'],
  '41': ['cardholder_verification_required', 'hard'],
  '42': ['authentication_error', 'hard'],
  '43': ['online_pin_required', 'hard'],
  '44': ['try_another_interface', 'hard'],
  '45': ['chip_downgrade_mode', 'hard'],
  '46': ['blocked_against_excessive_retries', 'hard'],
};

export interface Refusal {
  code: string;
  category: 'soft' | 'hard';
}

/** The meaning of a `refusalReasonCode`. A code nobody knows is hard: asking elsewhere needs a reason. */
export function refusalOf(refusalReasonCode: string): Refusal {
  const known = Object.hasOwn(REFUSALS, refusalReasonCode)
    ? REFUSALS[refusalReasonCode]
    : undefined;
  const [code, category] = known ?? [`refusal_${refusalReasonCode}`, 'hard' as const];
  return { code, category };
}

export const KNOWN_REFUSALS: readonly string[] = Object.keys(REFUSALS);

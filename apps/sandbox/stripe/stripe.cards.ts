/**
 * What Stripe's published test cards and test payment methods do, https://docs.stripe.com/testing. None of these numbers is
 * anybody's card.
 */
export interface CardBehaviour {
  /** The issuer's no, or Radar's. */
  decline?: { code: string; declineCode?: string; byRadar?: boolean };
  /** The buyer is sent to 3-D Secure first. */
  authenticates?: boolean;
  risk?: 'normal' | 'elevated' | 'highest';
  /** `pending`: becomes a success later; `fails`: is a success first and fails later. */
  refunds?: 'pending' | 'fails';
  /** The buyer disputes the payment as soon as it is captured. */
  disputed?: boolean;
}

export interface TestCard {
  id: string;
  numbers: readonly string[];
  behaviour: CardBehaviour;
}

const declined = (declineCode: string, code = 'card_declined'): CardBehaviour => ({
  decline: code === 'card_declined' ? { code, declineCode } : { code },
});

const CARDS: readonly TestCard[] = [
  card('pm_card_visa', {}, '4242424242424242', '4000056655665556'),
  card('pm_card_mastercard', {}, '5555555555554444'),
  card('pm_card_amex', {}, '378282246310005'),
  card('pm_card_visa_chargeDeclined', declined('generic_decline'), '4000000000000002'),
  card(
    'pm_card_visa_chargeDeclinedInsufficientFunds',
    declined('insufficient_funds'),
    '4000000000009995',
  ),
  card('pm_card_visa_chargeDeclinedLostCard', declined('lost_card'), '4000000000009987'),
  card('pm_card_visa_chargeDeclinedStolenCard', declined('stolen_card'), '4000000000009979'),
  card(
    'pm_card_visa_chargeDeclinedVelocityLimitExceeded',
    declined('card_velocity_exceeded'),
    '4000000000006975',
  ),
  card('pm_card_chargeDeclinedExpiredCard', declined('', 'expired_card'), '4000000000000069'),
  card('pm_card_chargeDeclinedIncorrectCvc', declined('', 'incorrect_cvc'), '4000000000000127'),
  card(
    'pm_card_chargeDeclinedProcessingError',
    declined('', 'processing_error'),
    '4000000000000119',
  ),
  card('pm_card_riskLevelElevated', { risk: 'elevated' }, '4000000000009235'),
  card('pm_card_riskLevelHighest', { risk: 'highest' }, '4000000000004954'),
  card(
    'pm_card_radarBlock',
    {
      risk: 'highest',
      decline: { code: 'card_declined', declineCode: 'fraudulent', byRadar: true },
    },
    '4100000000000019',
  ),
  card('pm_card_threeDSecure2Required', { authenticates: true }, '4000000000003220'),
  card('pm_card_authenticationRequired', { authenticates: true }, '4000002760003184'),
  card('pm_card_pendingRefund', { refunds: 'pending' }, '4000000000007726'),
  card('pm_card_refundFail', { refunds: 'fails' }, '4000000000005126'),
  card('pm_card_createDispute', { disputed: true }, '4000000000000259'),
];

const BY_ID = new Map(CARDS.map((each) => [each.id, each]));
const BY_NUMBER = new Map(CARDS.flatMap((each) => each.numbers.map((number) => [number, each])));

export const testCardById = (id: string): TestCard | undefined => BY_ID.get(id);
export const testCardByNumber = (number: string): TestCard | undefined => BY_NUMBER.get(number);

/** The last digit is right (ISO/IEC 7812-1, annex B). */
export function hasCheckDigit(number: string): boolean {
  const digits = [...number].reverse().map(Number);
  const sum = digits.reduce((total, digit, index) => {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

function card(id: string, behaviour: CardBehaviour, ...numbers: string[]): TestCard {
  return { id, numbers, behaviour };
}

/** A definite no, in the words of whoever gives it. */
export interface Decline {
  code: string;
  message: string;
}

/** What becomes of a refund. One that settles later is pending until then. */
export type RefundPlan = { refusal: Decline } | { settlesAfterMs: number; failure?: Decline };

const DECLINES = {
  insufficientFunds: { code: 'insufficient_funds', message: 'The account has too little money.' },
  stolen: { code: 'stolen_card', message: 'The card was reported stolen.' },
  doNotHonor: { code: 'do_not_honor', message: 'The issuer gave no reason.' },
  unknown: { code: 'unknown_payment_method', message: 'There is no such payment method.' },
  refundNotPossible: { code: 'refund_not_possible', message: 'This card takes no refunds.' },
  cardDeclined: { code: 'card_declined', message: 'The issuer does not know this card.' },
  notATestCard: { code: 'not_a_test_card', message: 'Only published test numbers work here.' },
  accountClosed: { code: 'account_closed', message: 'The account behind the card was closed.' },
} satisfies Record<string, Decline>;

/** Published test numbers, and the sandbox's token that does what each stands for. */
const TEST_NUMBERS: Readonly<Record<string, string>> = {
  '4242424242424242': 'visa',
  '4000056655665556': 'visa',
  '5555555555554444': 'visa',
  '2223003122003222': 'visa',
  '378282246310005': 'visa',
  '6011111111111117': 'visa',
  '3566002020360505': 'visa',
  '4000000000009995': 'insufficient_funds',
  '4000000000009979': 'stolen',
  '4000000000000341': 'soft_decline_a',
  '4000000000009235': 'review',
  '4000000000007726': 'refund_pending',
  '4000000000005126': 'refund_fails',
};
/** Numbers that begin so work, whatever follows: tests need many. */
const TEST_PREFIX = '424242';
/** The published number that is refused before there is a token. */
const REFUSED_NUMBER = '4000000000000002';

/** `tok_<processor>.<what it does>.<random>`: says all there is to know, so it survives the sandbox. */
const PROCESSOR_TOKEN = /^tok_([a-z0-9_]+)\.([a-z_]+)\./;

export function mintToken(
  number: string,
  processor: string,
  random: string,
): { token: string } | { decline: Decline } {
  if (number === REFUSED_NUMBER) return { decline: DECLINES.cardDeclined };
  const does = TEST_NUMBERS[number] ?? (number.startsWith(TEST_PREFIX) ? 'visa' : undefined);
  return does === undefined
    ? { decline: DECLINES.notATestCard }
    : { token: `tok_${processor}.${does}.${random}` };
}

/** A processor's token is known there only. */
function sandboxTokenOf(token: string, processor?: string): string {
  const [, home, does] = PROCESSOR_TOKEN.exec(token) ?? [];
  if (does === undefined) return token;
  return processor === undefined || home === processor ? `pm_sandbox_${does}` : token;
}

const SETTLES_AFTER_MS = 1_000;

/** What the issuer behind a sandbox token says at a processor; `undefined` is a yes. */
export function declineOf(token: string, processor: string): Decline | undefined {
  switch (sandboxTokenOf(token, processor)) {
    case 'pm_sandbox_visa':
    case 'pm_sandbox_review':
    case 'pm_sandbox_refund_pending':
    case 'pm_sandbox_refund_fails':
    case 'pm_sandbox_refund_refused':
      return undefined;
    case 'pm_sandbox_insufficient_funds':
      return DECLINES.insufficientFunds;
    case 'pm_sandbox_stolen':
      return DECLINES.stolen;
    case 'pm_sandbox_soft_decline_a':
      return processor === 'sandbox_a' ? DECLINES.doNotHonor : undefined;
    default:
      return DECLINES.unknown;
  }
}

export function refundPlanOf(token: string): RefundPlan {
  switch (sandboxTokenOf(token)) {
    case 'pm_sandbox_refund_pending':
      return { settlesAfterMs: SETTLES_AFTER_MS };
    case 'pm_sandbox_refund_fails':
      return { settlesAfterMs: SETTLES_AFTER_MS, failure: DECLINES.accountClosed };
    case 'pm_sandbox_refund_refused':
      return { refusal: DECLINES.refundNotPossible };
    default:
      return { settlesAfterMs: 0 };
  }
}

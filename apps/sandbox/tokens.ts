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
  accountClosed: { code: 'account_closed', message: 'The account behind the card was closed.' },
} satisfies Record<string, Decline>;

const SETTLES_AFTER_MS = 1_000;

/** What the issuer behind a sandbox token says at a processor; `undefined` is a yes. */
export function declineOf(token: string, processor: string): Decline | undefined {
  switch (token) {
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
  switch (token) {
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

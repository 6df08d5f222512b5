export interface Decline {
  code: string;
  message: string;
}

const DECLINES = {
  insufficientFunds: { code: 'insufficient_funds', message: 'The account has too little money.' },
  stolen: { code: 'stolen_card', message: 'The card was reported stolen.' },
  doNotHonor: { code: 'do_not_honor', message: 'The issuer gave no reason.' },
  unknown: { code: 'unknown_payment_method', message: 'There is no such payment method.' },
} satisfies Record<string, Decline>;

/** What the issuer behind a sandbox token says at a processor; `undefined` is a yes. */
export function declineOf(token: string, processor: string): Decline | undefined {
  switch (token) {
    case 'pm_sandbox_visa':
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

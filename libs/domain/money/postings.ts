/** One line of the double-entry ledger. Debit is positive, credit negative; a set of postings sums to zero per currency. */
export interface Posting {
  readonly account: string;
  /** Signed minor units. */
  readonly amountMinor: number;
  readonly currency: string;
}

interface Moved {
  agent: string;
  processor: string;
  amountMinor: number;
  currency: string;
}

function transfer(debit: string, credit: string, { amountMinor, currency }: Moved): Posting[] {
  return [
    { account: debit, amountMinor, currency },
    // `0 -` keeps a zero amount from becoming -0.
    { account: credit, amountMinor: 0 - amountMinor, currency },
  ];
}

/** An authorization: the agent's money is held at the processor. */
export function holdPostings(moved: Moved): Posting[] {
  return transfer(`processor:${moved.processor}:held`, `agent:${moved.agent}:held`, moved);
}

/** What is held is let go: by a void, or because a capture takes its place. */
export function releasePostings(moved: Moved): Posting[] {
  return transfer(`agent:${moved.agent}:held`, `processor:${moved.processor}:held`, moved);
}

/** A capture: the agent spent it, the processor owes it to the payee. */
export function spendPostings(moved: Moved): Posting[] {
  return transfer(`agent:${moved.agent}:spent`, `processor:${moved.processor}:clearing`, moved);
}

/** A refund: the processor takes it back from the payee; what was spent stays on record beside it. */
export function refundPostings(moved: Moved): Posting[] {
  return transfer(`processor:${moved.processor}:clearing`, `agent:${moved.agent}:refunded`, moved);
}

/** A dispute: the processor takes the money back from the payee; negative when it is won and given back. */
export function disputePostings(moved: Moved): Posting[] {
  return transfer(`processor:${moved.processor}:clearing`, `agent:${moved.agent}:disputed`, moved);
}

interface PaidOut {
  processor: string;
  /** Of the charge; negative for what is taken back. */
  amountMinor: number;
  feeMinor: number;
  currency: string;
}

/**
 * A settlement: what the processor owed is paid out, less its fee. One in another currency than the payment's comes out of the
 * processor's conversion, because what it was exchanged from is not told.
 */
export function settlementPostings(paid: PaidOut, paymentCurrency: string): Posting[] {
  const { processor, amountMinor, feeMinor, currency } = paid;
  const from = currency === paymentCurrency ? 'clearing' : 'conversion';
  return [
    { account: `processor:${processor}:${from}`, amountMinor, currency },
    { account: `processor:${processor}:fees`, amountMinor: 0 - feeMinor, currency },
    { account: `processor:${processor}:paid_out`, amountMinor: feeMinor - amountMinor, currency },
  ];
}

/** Whether postings sum to zero in every currency. */
export function isBalanced(postings: readonly Posting[]): boolean {
  const sums = new Map<string, number>();
  for (const { currency, amountMinor } of postings)
    sums.set(currency, (sums.get(currency) ?? 0) + amountMinor);
  return [...sums.values()].every((sum) => sum === 0);
}

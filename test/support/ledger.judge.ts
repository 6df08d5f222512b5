import type { LedgerEntry, PaymentIntent } from './contract.types.js';

/** Sums signed minor units per currency. */
export function sumsByCurrency<T extends { currency: string }>(
  rows: readonly T[],
  amountOf: (row: T) => number,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const row of rows) sums[row.currency] = (sums[row.currency] ?? 0) + amountOf(row);
  return sums;
}

/** Whether there is something and every currency sums to zero. */
export function isBalanced<T extends { currency: string }>(
  rows: readonly T[],
  amountOf: (row: T) => number,
): boolean {
  const sums = Object.values(sumsByCurrency(rows, amountOf));
  return sums.length > 0 && sums.every((sum) => sum === 0);
}

/**
 * What the ledger says of concluded payments and should not: held money that was never let go, and other amounts spent, refunded
 * or owed by the processor than the payment tells.
 */
export function misposted(
  entries: readonly LedgerEntry[],
  payments: readonly PaymentIntent[],
): string[] {
  return payments.flatMap((payment) => {
    const own = entries.filter(({ payment_intent }) => payment_intent === payment.id);
    const found = balances(own);
    const expected = new Map(
      postedFor(payment).filter(([account, balance]) => found.has(account) || balance !== 0),
    );
    const disagree = [...new Set([...found.keys(), ...expected.keys()])].filter(
      (account) => found.get(account) !== expected.get(account),
    );
    return disagree.map(
      (account) =>
        `${payment.id}: ${account} is ${found.get(account)} and not ${expected.get(account)}`,
    );
  });
}

function balances(entries: readonly LedgerEntry[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { account, amount } of entries) sums.set(account, (sums.get(account) ?? 0) + amount);
  return sums;
}

function postedFor(payment: PaymentIntent): [account: string, balance: number][] {
  const { agent, amount_captured: captured, amount_refunded: refunded } = payment;
  const processors = new Set(payment.attempts.map(({ processor }) => processor));
  return [
    [`agent:${agent}:held`, 0],
    [`agent:${agent}:spent`, captured],
    [`agent:${agent}:refunded`, 0 - refunded],
    ...[...processors].flatMap((processor): [string, number][] => [
      [`processor:${processor}:held`, 0],
      [
        `processor:${processor}:clearing`,
        processor === payment.processor ? refunded - captured : 0,
      ],
    ]),
  ];
}

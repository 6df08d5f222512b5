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

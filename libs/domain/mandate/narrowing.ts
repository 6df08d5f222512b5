import { toEpochMs } from '../shared/time.js';
import { allowsCurrency } from './limits.js';
import type { AmountsByCurrency, MandateTerms, MandateWindow } from './mandate.events.js';
import { durationMs } from './window.js';

/** How many mandates a payment may have to pass, one above the other. */
export const CHAIN_MAX = 5;

/** Where a mandate plainly allows more than one above it. `limit`: what that one allows. */
export interface Widening {
  readonly pointer: string;
  readonly rule: 'chain_depth' | 'currency_of_parent' | 'within_parent';
  readonly limit?: number | string;
}

/**
 * What is plain from the terms alone, so that an operator learns it at once. What a mandate leaves out, the ones above it decide;
 * that it never gives more than they do is ensured by every payment passing all of them. `above`: the nearest first.
 */
export function wideningsOf(terms: MandateTerms, above: readonly MandateTerms[]): Widening[] {
  const found: Widening[] = above.flatMap((parent) => wider(terms, parent));
  if (above.length >= CHAIN_MAX)
    found.unshift({ pointer: '/parent', rule: 'chain_depth', limit: CHAIN_MAX });
  const byPointer = new Map<string, Widening>();
  for (const widening of found)
    if (!byPointer.has(widening.pointer)) byPointer.set(widening.pointer, widening);
  return [...byPointer.values()];
}

function wider(terms: MandateTerms, parent: MandateTerms): Widening[] {
  const { limits, payees } = terms;
  const amounts = (pointer: string, own?: AmountsByCurrency, theirs?: AmountsByCurrency) =>
    widerAmounts(pointer, own, theirs, parent);
  return [
    ...widerValidity(terms, parent),
    ...amounts('/limits/per_payment', limits.per_payment, parent.limits.per_payment),
    ...(limits.windows ?? []).flatMap((window, index) => {
      const pointer = `/limits/windows/${index}`;
      const same = (parent.limits.windows ?? []).filter((other) => samePeriod(window, other));
      return [
        ...amounts(`${pointer}/amount`, window.amount),
        ...same.flatMap(({ amount }) => amounts(`${pointer}/amount`, window.amount, amount)),
        ...same.flatMap(({ count }) => widerNumber(`${pointer}/count`, window.count, count)),
      ];
    }),
    ...amounts('/limits/lifetime', limits.lifetime, parent.limits.lifetime),
    ...widerPayees(payees?.allow, parent.payees?.allow),
  ];
}

function widerAmounts(
  pointer: string,
  own: AmountsByCurrency = {},
  theirs: AmountsByCurrency = {},
  parent: MandateTerms,
): Widening[] {
  return Object.entries(own).flatMap(([currency, amount]) => {
    const at = `${pointer}/${currency}`;
    if (!allowsCurrency(parent, currency)) return [{ pointer: at, rule: 'currency_of_parent' }];
    return widerNumber(at, amount, Object.hasOwn(theirs, currency) ? theirs[currency] : undefined);
  });
}

function widerNumber(pointer: string, own?: number, limit?: number): Widening[] {
  if (own === undefined || limit === undefined || own <= limit) return [];
  return [{ pointer, rule: 'within_parent', limit }];
}

function widerValidity(own: MandateTerms, { valid_from, valid_until }: MandateTerms): Widening[] {
  const late = own.valid_until !== undefined && valid_until !== undefined;
  const early = own.valid_from !== undefined && valid_from !== undefined;
  return [
    ...(early && toEpochMs(own.valid_from) < toEpochMs(valid_from)
      ? [{ pointer: '/valid_from', rule: 'within_parent' as const, limit: valid_from }]
      : []),
    ...(late && toEpochMs(own.valid_until) > toEpochMs(valid_until)
      ? [{ pointer: '/valid_until', rule: 'within_parent' as const, limit: valid_until }]
      : []),
  ];
}

/** An empty list allows every payee, as an absent one does. */
function widerPayees(own: readonly string[] = [], theirs: readonly string[] = []): Widening[] {
  const allowed = new Set(theirs);
  if (allowed.size === 0 || own.every((payee) => allowed.has(payee))) return [];
  return [{ pointer: '/payees/allow', rule: 'within_parent' }];
}

function samePeriod(one: MandateWindow, other: MandateWindow): boolean {
  if (one.rolling !== undefined && other.rolling !== undefined)
    return durationMs(one.rolling) === durationMs(other.rolling);
  if (one.calendar === undefined || one.calendar !== other.calendar) return false;
  return (one.timezone ?? 'UTC') === (other.timezone ?? 'UTC');
}

import { toRfc3339 } from '../shared/time.js';
import type { MandateTerms } from './mandate.events.js';
import type { MandateState } from './mandate.state.js';
import { type Usage, amountUsage } from './spending.js';

/** One limit and how much of it is left. Amounts in minor units of `currency`; counts have none. */
export interface LimitFigures {
  /** `per_payment`, `window.<name>`, `window.<name>.count` or `lifetime`. */
  readonly rule: string;
  readonly currency: string | null;
  readonly limit: number;
  readonly used: number;
  readonly held: number;
  readonly remaining: number;
  /** RFC 3339; null for what never resets. */
  readonly resetsAt: string | null;
}

/** Every limit of the mandate that a payment in `currency` touches (all currencies when it is null), as of `nowMs`. */
export function limitFigures(
  state: MandateState,
  currency: string | null,
  nowMs: number,
): LimitFigures[] {
  const { per_payment, windows, lifetime } = (state.terms as MandateTerms).limits;
  const touched = (amounts: Readonly<Record<string, number>> | undefined) =>
    Object.entries(amounts ?? {}).filter(([code]) => currency === null || code === currency);
  const figures: LimitFigures[] = [];
  for (const [code, limit] of touched(per_payment))
    figures.push(figure('per_payment', code, limit, { held: 0, used: 0 }, null));
  (windows ?? []).forEach((window, index) => {
    const ledger = state.windows[index];
    if (!ledger) return;
    const totals = ledger.totalsAt(nowMs);
    const resetsAt = toRfc3339(ledger.resetsAtMs(nowMs));
    const rule = `window.${window.name}`;
    for (const [code, limit] of touched(window.amount))
      figures.push(figure(rule, code, limit, amountUsage(totals, code), resetsAt));
    if (window.count !== undefined)
      figures.push(figure(`${rule}.count`, null, window.count, totals.count, resetsAt));
  });
  for (const [code, limit] of touched(lifetime))
    figures.push(figure('lifetime', code, limit, amountUsage(state.lifetime, code), null));
  return figures;
}

function figure(
  rule: string,
  currency: string | null,
  limit: number,
  { held, used }: Usage,
  resetsAt: string | null,
): LimitFigures {
  const remaining = Math.max(0, limit - used - held);
  return { rule, currency, limit, used, held, remaining, resetsAt };
}

/** Whether every map of amounts in the mandate names the currency; a mandate that only counts allows all. */
export function allowsCurrency({ limits }: MandateTerms, currency: string): boolean {
  const maps = [
    limits.per_payment,
    limits.lifetime,
    ...(limits.windows ?? []).map(({ amount }) => amount),
  ].filter((amounts) => amounts !== undefined);
  return maps.every((amounts) => Object.hasOwn(amounts, currency));
}

import { type Difference, type JsonRecord, type OurRecord, isExpected, toRfc3339 } from '#domain';
import type { Reconciliation } from './messages.js';

/** A comparison of the books as operators are shown it. */
export function renderReconciliation({
  processor,
  window: { fromMs, toMs },
  asOfMs,
  failure,
  ...report
}: Reconciliation): JsonRecord {
  const total = Object.values(report.counts).reduce((sum, count) => sum + count, 0);
  return {
    object: 'reconciliation',
    processor,
    from: toRfc3339(fromMs),
    to: toRfc3339(toMs),
    as_of: toRfc3339(asOfMs),
    status: failure === null ? 'completed' : 'failed',
    failure,
    records: report.ours,
    differences: total,
    unexpected: report.unexpected,
    by_kind: { ...report.counts },
    data: report.differences.map(renderDifference),
    truncated: report.differences.length < total,
  };
}

function renderDifference(difference: Difference): JsonRecord {
  const { kind, subject, tenant, ours, theirs, explanation } = difference;
  return {
    kind,
    subject,
    tenant,
    payment_intent: ours?.payment ?? null,
    key: ours?.key ?? theirs?.key ?? null,
    reference: theirs?.reference ?? ours?.reference ?? null,
    expected: isExpected(difference),
    explanation,
    ours: ours && renderSide(ours),
    theirs: theirs && renderSide(theirs),
  };
}

const renderSide = ({
  state,
  amountMinor,
  currency,
  atMs,
}: Pick<OurRecord, 'state' | 'amountMinor' | 'currency' | 'atMs'>): JsonRecord => ({
  state,
  amount: amountMinor,
  currency,
  at: toRfc3339(atMs),
});

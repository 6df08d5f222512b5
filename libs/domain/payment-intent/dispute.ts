import { disputePostings } from '../money/postings.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import type { DisputeState } from './dispute.state.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import type { AttemptState, PaymentIntentState } from './payment-intent.state.js';
import type { DisputeNotice } from './processor-notice.js';
import { posted } from './steps.js';

const EVENT = {
  evidence_due: 'DisputeEvidenceRequested',
  opened: 'DisputeOpened',
  won: 'DisputeWon',
  lost: 'DisputeLost',
} as const;
const RANK = { evidence_due: 0, opened: 1, won: 2, lost: 3 } as const;

/** What a notice about a dispute adds to what is known. What came late, or again, adds nothing. */
export function disputeEvents(
  state: PaymentIntentState,
  attempt: AttemptState,
  notice: DisputeNotice & { toldAt: string },
  nowMs: number,
): PaymentIntentEvent[] {
  const known = state.disputes.find(({ dispute }) => dispute === notice.reference);
  if (known && !isNews(known, notice)) return [];
  const { reference: dispute, reason, toldAt, state: status } = notice;
  // The amount that was first spoken of stays: what is taken and what is given back must be the same.
  const { amountMinor, currency } = known ?? notice;
  const { number, processor } = attempt;
  const evidenceDueAt = isDecided(status) ? null : notice.evidenceDueAt;
  const at = toRfc3339(nowMs);
  const events: PaymentIntentEvent[] = [
    {
      type: EVENT[status],
      data: { dispute, number, amountMinor, currency, reason, evidenceDueAt, toldAt, at },
    },
  ];
  const change = Number(isTaken(status)) - Number(known ? isTaken(known.status) : false);
  if (change === 0) return events;
  const moved = { agent: state.agent, processor, amountMinor: change * amountMinor, currency };
  return [...events, posted(EVENT[status], disputePostings(moved), at)];
}

/** The same for any two notices, whichever is heard first. */
function isNews(
  known: DisputeState,
  notice: Pick<DisputeNotice, 'state' | 'evidenceDueAt'> & { toldAt: string },
): boolean {
  const { state: status } = notice;
  const byRank = RANK[status] - RANK[known.status];
  const byTime = toEpochMs(notice.toldAt) - toEpochMs(known.toldAt);
  if (isDecided(status) && isDecided(known.status))
    return status !== known.status && (byTime || byRank) > 0;
  if (byRank !== 0) return byRank > 0;
  const [due, knownDue] = [notice.evidenceDueAt ?? '', known.evidenceDueAt ?? ''];
  return due !== knownDue && (byTime > 0 || (byTime === 0 && due > knownDue));
}

function isDecided(status: DisputeNotice['state']): boolean {
  return status === 'won' || status === 'lost';
}

/** Whether the processor has the money back, for now or for good. */
function isTaken(status: DisputeNotice['state']): boolean {
  return status === 'opened' || status === 'lost';
}

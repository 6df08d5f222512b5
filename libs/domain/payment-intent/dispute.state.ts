import type { PaymentIntentEvent } from './payment-intent.events.js';
import type { DisputeNotice } from './processor-notice.js';

export interface DisputeState {
  /** The processor's name for it. */
  readonly dispute: string;
  /** The attempt whose charge is disputed. */
  readonly number: number;
  readonly status: DisputeNotice['state'];
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason: string;
  /** RFC 3339; null when no evidence is asked for, or not any more. */
  readonly evidenceDueAt: string | null;
  /** When the processor said so: of two decisions the later one counts, whichever is heard first. RFC 3339. */
  readonly toldAt: string;
}

type DisputeEvent = Extract<
  PaymentIntentEvent,
  { type: 'DisputeEvidenceRequested' | 'DisputeOpened' | 'DisputeWon' | 'DisputeLost' }
>;

const STATUS = {
  DisputeEvidenceRequested: 'evidence_due',
  DisputeOpened: 'opened',
  DisputeWon: 'won',
  DisputeLost: 'lost',
} as const;
export function evolveDisputes(
  disputes: readonly DisputeState[],
  { type, data }: DisputeEvent,
): DisputeState[] {
  const { at: _at, ...facts } = data;
  const others = disputes.filter(({ dispute }) => dispute !== data.dispute);
  return [...others, { ...facts, status: STATUS[type] }];
}

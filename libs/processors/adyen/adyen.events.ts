import { toRfc3339 } from '#domain';
import { fromProcessorAmount } from '../minor-units.js';
import type { DisputeNotice, NoticeMeaning } from '../notice.port.js';
import { ADYEN_MINOR_UNITS } from './adyen.capabilities.js';
import type { NoticeItem } from './adyen.notice-item.js';
import { isOwnReference, isReference, textOf } from './adyen.values.js';

/**
 * Pure: what every event code means. What happened, to which payment and for how much comes from signed fields only; texts,
 * reasons and deadlines are told as they came.
 */
type Meaning = (item: NoticeItem) => NoticeMeaning;

const NOTHING: NoticeMeaning = { about: 'nothing' };

const EVENTS: Readonly<Record<string, Meaning>> = {
  AUTHORISATION: (item) =>
    item.success === 'true'
      ? { about: 'authorize', outcome: moneyOf(item, item.pspReference) }
      : {
          about: 'authorize',
          outcome: { ...refused(item, 'refused'), reference: item.pspReference },
        },
  CAPTURE: (item) =>
    item.success === 'true'
      ? { about: 'capture', outcome: moneyOf(item, item.originalReference) }
      : { about: 'capture', outcome: refused(item, 'capture_refused') },
  // Took it on, sent it to the card scheme, and the scheme said no.
  CAPTURE_FAILED: whenSo((item) => ({
    about: 'capture',
    outcome: refused(item, 'capture_failed_at_scheme'),
  })),
  CANCELLATION: (item) =>
    item.success === 'true'
      ? { about: 'void', outcome: moneyOf(item, item.originalReference) }
      : { about: 'void', outcome: refused(item, 'cancel_refused') },
  // That nothing was found proves nothing: the payment may arrive later.
  TECHNICAL_CANCEL: (item) =>
    item.success === 'true'
      ? { about: 'void', outcome: moneyOf(item, item.originalReference) }
      : { about: 'void', outcome: { kind: 'unknown', evidence: 'technical_cancel_refused' } },
  // Somebody else reversed it. Which of both it was is told in a field that is not signed.
  CANCEL_OR_REFUND: whenSo(() => ({
    about: 'void',
    outcome: { kind: 'unknown', evidence: 'canceled_or_refunded' },
  })),
  // What was not captured is held no more.
  EXPIRE: whenSo((item) => ({
    about: 'void',
    outcome: moneyOf(item, item.originalReference || item.pspReference),
  })),
  REFUND: (item) =>
    aboutRefund(
      item,
      item.success === 'true'
        ? moneyOf(item, item.pspReference)
        : { ...refused(item, 'refund_refused'), reference: item.pspReference },
    ),
  REFUND_FAILED: whenSo((item) =>
    aboutRefund(item, {
      ...refused(item, 'refund_failed_at_scheme'),
      reference: item.pspReference,
    }),
  ),
  REFUNDED_REVERSED: whenSo((item) =>
    aboutRefund(item, { ...refused(item, 'refund_reversed'), reference: item.pspReference }),
  ),
  // Waits for the capture.
  POSTPONED_REFUND: whenSo((item) =>
    aboutRefund(item, { kind: 'accepted', reference: item.pspReference }),
  ),
  REQUEST_FOR_INFORMATION: whenSo((item) => disputeOf(item, 'evidence_due')),
  NOTIFICATION_OF_CHARGEBACK: whenSo((item) => disputeOf(item, 'opened')),
  CHARGEBACK: whenSo((item) => disputeOf(item, 'opened')),
  PREARBITRATION_OPEN: whenSo((item) => disputeOf(item, 'opened')),
  SCHEME_ARBITRATION: whenSo((item) => disputeOf(item, 'opened')),
  CHARGEBACK_REVERSED: whenSo((item) => disputeOf(item, 'won')),
  PREARBITRATION_WON: whenSo((item) => disputeOf(item, 'won')),
  PREARBITRATION_ISSUER_WITHDRAWN: whenSo((item) => disputeOf(item, 'won')),
  SCHEME_ARBITRATION_WON: whenSo((item) => disputeOf(item, 'won')),
  // The issuer accepted the defense, or let its time pass.
  ISSUER_RESPONSE_TIMEFRAME_EXPIRED: whenSo((item) => disputeOf(item, 'won')),
  SECOND_CHARGEBACK: whenSo((item) => disputeOf(item, 'lost')),
  PREARBITRATION_LOST: whenSo((item) => disputeOf(item, 'lost')),
  SCHEME_ARBITRATION_LOST: whenSo((item) => disputeOf(item, 'lost')),
  // Nobody defended it in time.
  DISPUTE_DEFENSE_PERIOD_ENDED: whenSo((item) => disputeOf(item, 'lost')),
};

/** Also for codes nobody knows, which are of no consequence until somebody says otherwise. */
export function meaningOf(item: NoticeItem): NoticeMeaning {
  const meaning = Object.hasOwn(EVENTS, item.eventCode) ? EVENTS[item.eventCode] : undefined;
  return meaning ? meaning(item) : NOTHING;
}

/** For events that say all by happening: unsuccessful ones did not happen. */
function whenSo(meaning: Meaning): Meaning {
  return (item) => (item.success === 'true' ? meaning(item) : NOTHING);
}

type Money =
  | { kind: 'succeeded'; reference: string; amountMinor: number; currency: string }
  | { kind: 'unknown'; evidence: string };

function moneyOf({ amount: { value, currency } }: NoticeItem, reference: string): Money {
  const amountMinor = fromProcessorAmount(value, currency, { minorUnits: ADYEN_MINOR_UNITS });
  if (amountMinor === undefined || amountMinor < 0) {
    return { kind: 'unknown', evidence: 'unreadable_amount' };
  }
  return isReference(reference)
    ? { kind: 'succeeded', reference, amountMinor, currency }
    : { kind: 'unknown', evidence: 'reference_missing' };
}

/** Hard, whatever the reason: it is a text, and not a signed one, so nothing may follow from it. */
function refused({ reason }: NoticeItem, code: string) {
  const message = textOf(reason);
  return {
    kind: 'declined' as const,
    category: 'hard' as const,
    code,
    ...(message !== undefined && { message }),
  };
}

function aboutRefund(
  { merchantReference }: NoticeItem,
  outcome: Extract<NoticeMeaning, { about: 'refund' }>['outcome'],
): NoticeMeaning {
  const refundKey = isOwnReference(merchantReference) ? merchantReference : null;
  return { about: 'refund', refundKey, outcome };
}

function disputeOf(item: NoticeItem, state: DisputeNotice['state']): NoticeMeaning {
  const { pspReference, amount, additionalData } = item;
  const amountMinor = fromProcessorAmount(amount.value, amount.currency, {
    minorUnits: ADYEN_MINOR_UNITS,
  });
  if (amountMinor === undefined) return NOTHING;
  const isOpen = state === 'opened' || state === 'evidence_due';
  return {
    about: 'dispute',
    dispute: {
      reference: pspReference,
      state,
      amountMinor,
      currency: amount.currency,
      reason: reasonOf(additionalData),
      evidenceDueAt: isOpen ? dueAtOf(additionalData) : null,
    },
  };
}

/** The card scheme's code; information requests have one of their own. */
function reasonOf({ chargebackReasonCode, rfiReasonCode }: Record<string, unknown>): string {
  const code = [chargebackReasonCode, rfiReasonCode].find((each) => typeof each === 'string');
  const trimmed = typeof code === 'string' ? code.trim() : '';
  return /^[\w.-]{1,32}$/.test(trimmed) ? trimmed : 'unspecified';
}

function dueAtOf({ defensePeriodEndsAt }: Record<string, unknown>): string | null {
  const dated = /^\d{4}-\d\d-\d\dT[\d:.]{5,20}(?:Z|[+-]\d\d:?\d\d)$/;
  if (typeof defensePeriodEndsAt !== 'string' || !dated.test(defensePeriodEndsAt)) return null;
  const dueMs = Date.parse(defensePeriodEndsAt);
  return Number.isNaN(dueMs) ? null : toRfc3339(dueMs);
}

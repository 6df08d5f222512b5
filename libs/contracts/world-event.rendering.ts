import type {
  JsonRecord,
  PaymentIntentEvent,
  PaymentIntentEventData,
  PaymentIntentEventType,
} from '#domain';
import { declineCode } from './failure.rendering.js';
import { cleanText } from './untrusted-text.js';

/**
 * What each recorded event is called outside; null: it means nothing there. The numbers of a payment's events follow from this table,
 * so a line never changes: another name or another null would number the past anew. What is recorded under a new name may be anything.
 */
const NAMES = {
  PaymentIntentRequested: 'payment_intent.created',
  PolicyDecided: null,
  FraudScreened: null,
  MandateDecided: null,
  ApprovalRequested: 'payment_intent.approval_requested',
  ApprovalGranted: 'payment_intent.approval_granted',
  ApprovalDenied: 'payment_intent.approval_denied',
  ApprovalExpired: 'payment_intent.approval_expired',
  ReservationStarted: null,
  ReservationMade: 'payment_intent.reservation_made',
  ReservationRefused: 'payment_intent.reservation_refused',
  ReservationConfirmStarted: null,
  ReservationConfirmed: 'payment_intent.reservation_confirmed',
  ReservationReleaseStarted: null,
  ReservationReleased: 'payment_intent.reservation_released',
  ReservationRetryScheduled: null,
  RouteRequested: null,
  RouteChosen: null,
  AttemptStarted: 'payment_intent.attempt_started',
  AttemptPrepared: null,
  AttemptTakenOver: null,
  PaymentAuthorized: 'payment_intent.authorized',
  BuyerActionRequired: 'payment_intent.requires_action',
  BuyerActionExpired: 'payment_intent.action_expired',
  CaptureAwaited: 'payment_intent.requires_capture',
  CaptureRequested: null,
  AuthorizationExpired: 'payment_intent.authorization_expired',
  AttemptDeclined: 'payment_intent.attempt_declined',
  AttemptNotExecuted: 'payment_intent.attempt_not_executed',
  OutcomeUnknown: 'payment_intent.outcome_unknown',
  AttemptFenced: 'payment_intent.attempt_fenced',
  ProbeScheduled: null,
  CaptureStarted: null,
  PaymentCaptured: 'payment_intent.captured',
  CaptureAccepted: 'payment_intent.capture_pending',
  CaptureDeclined: 'payment_intent.capture_declined',
  VoidStarted: null,
  VoidAccepted: 'payment_intent.void_pending',
  AuthorizationVoided: 'payment_intent.voided',
  CancelRequested: 'payment_intent.cancel_requested',
  RefundStarted: 'payment_intent.refund_started',
  RefundAccepted: 'payment_intent.refund_pending',
  RefundSucceeded: 'payment_intent.refund_succeeded',
  RefundFailed: 'payment_intent.refund_failed',
  DisputeEvidenceRequested: 'payment_intent.dispute_evidence_due',
  DisputeOpened: 'payment_intent.dispute_opened',
  DisputeWon: 'payment_intent.dispute_won',
  DisputeLost: 'payment_intent.dispute_lost',
  PaymentSettled: 'payment_intent.settled',
  LedgerPosted: null,
  PaymentSucceeded: 'payment_intent.succeeded',
  PaymentFailed: 'payment_intent.failed',
  PaymentCanceled: 'payment_intent.canceled',
  PaymentParked: 'payment_intent.parked',
  PaymentUnparked: 'payment_intent.unparked',
  OutcomeContradicted: 'payment_intent.outcome_contradicted',
  RequestConcluded: null,
  OperationRequested: null,
  OperationConcluded: null,
} as const satisfies Record<PaymentIntentEventType, string | null>;

export type WorldEventType = NonNullable<(typeof NAMES)[PaymentIntentEventType]>;

/** All of them. */
export const WORLD_EVENT_TYPES = Object.values(NAMES).filter((name) => name !== null);

/** CloudEvents 1.0. */
export interface WorldEvent {
  readonly specversion: '1.0';
  /** `evt_…` */
  readonly id: string;
  readonly source: string;
  readonly type: WorldEventType;
  /** The payment, `pi_…`. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Counts the payment's events from 1, without a gap. */
  readonly sequence: number;
  readonly data: JsonRecord;
}

/** What every event of a payment says about it. */
export interface PaymentFacts {
  readonly tenant: string;
  readonly agent: string;
  readonly mandate: string | null;
  readonly amount: number;
  readonly currency: string;
  /** Its id. */
  readonly payee: string;
  readonly orderReference: string | null;
}

/** Null for what is nobody's business outside, and for types of a later version. */
export function worldEventType(recorded: string): WorldEventType | null {
  return Object.hasOwn(NAMES, recorded) ? NAMES[recorded as PaymentIntentEventType] : null;
}

/** `evt_` and the recorded event's id, without hyphens. */
export function publicEventId(recorded: string): string {
  return `evt_${recorded.replaceAll('-', '')}`;
}

export function paymentFacts(
  requested: PaymentIntentEventData<'PaymentIntentRequested'>,
): PaymentFacts {
  const { tenant, agent, mandate, request } = requested;
  return {
    ...{ tenant, agent, mandate },
    amount: request['amount'] as number,
    currency: request['currency'] as string,
    payee: (request['payee'] as { id: string }).id,
    orderReference: (request['order_reference'] as string | undefined) ?? null,
  };
}

/** The same bytes for the same event. `payment`: `pi_…`; `recordedId`: as the log has it. */
export function renderWorldEvent(
  type: WorldEventType,
  event: PaymentIntentEvent,
  about: { recordedId: string; payment: string; facts: PaymentFacts; sequence: number },
): WorldEvent {
  const { recordedId, payment, facts, sequence } = about;
  const { tenant, agent, mandate, amount, currency, payee, orderReference } = facts;
  return {
    specversion: '1.0',
    id: publicEventId(recordedId),
    source: `/tenants/${tenant}`,
    type,
    subject: payment,
    time: event.data.at,
    datacontenttype: 'application/json',
    sequence,
    data: {
      ...{ payment_intent: payment, agent, mandate, amount, currency },
      ...{ payee, order_reference: orderReference },
      ...detailsOf(event),
    },
  };
}

/** The subject that the world hears it on. */
export function worldEventSubject(tenant: string, type: string): string {
  return `bursar.v1.${tenant}.events.${type}`;
}

type Details = {
  readonly [T in PaymentIntentEventType]?: (data: PaymentIntentEventData<T>) => JsonRecord;
};

const byWhom = ({ by }: { by: string }): JsonRecord => ({ by });
const whichAttempt = ({ number }: { number: number }): JsonRecord => ({ attempt: number });

const disputed = (data: PaymentIntentEventData<'DisputeOpened'>): JsonRecord => ({
  attempt: data.number,
  dispute: {
    ...{ id: cleanText(data.dispute, 128), amount: data.amountMinor, currency: data.currency },
    ...{ reason: cleanText(data.reason, 64), evidence_due_at: data.evidenceDueAt },
  },
});

/** What the event itself says: names of ours, amounts in minor units, and words from outside only under `untrusted`. */
const DETAILS: Details = {
  ApprovalRequested: ({ stage, reasons, dueAt }) => ({
    stage,
    reasons: reasons.map(({ source, rule, detail }) => ({ source, rule, detail })),
    expires_at: dueAt,
  }),
  ApprovalGranted: ({ stage, by }) => ({ stage, by }),
  ApprovalDenied: byWhom,
  CancelRequested: byWhom,
  PaymentUnparked: byWhom,
  ReservationMade: ({ reference }) => ({ reservation: { reference: cleanText(reference, 128) } }),
  ReservationRefused: ({ code, message }) => ({
    reservation: { code: declineCode(code) },
    ...words('merchant_message', message),
  }),
  AttemptStarted: ({ number, processor }) => ({ attempt: number, processor }),
  AttemptDeclined: ({ number, code, category, message }) => ({
    attempt: number,
    decline: { code: declineCode(code), category },
    ...words('processor_message', message),
  }),
  AttemptNotExecuted: whichAttempt,
  AttemptFenced: whichAttempt,
  AuthorizationExpired: whichAttempt,
  OutcomeContradicted: whichAttempt,
  OutcomeUnknown: ({ number, operation, refund }) => ({
    attempt: number,
    operation,
    ...(refund !== undefined && refundNamed(refund)),
  }),
  PaymentAuthorized: ({ amountMinor, ...data }) => ({
    ...charge(data),
    amount_authorized: amountMinor,
  }),
  BuyerActionRequired: ({ number, dueAt }) => ({ attempt: number, action_before: dueAt }),
  BuyerActionExpired: whichAttempt,
  CaptureAccepted: whichAttempt,
  VoidAccepted: whichAttempt,
  CaptureAwaited: ({ number, dueAt }) => ({ attempt: number, capture_before: dueAt }),
  PaymentCaptured: ({ amountMinor, ...data }) => ({
    ...charge(data),
    amount_captured: amountMinor,
  }),
  CaptureDeclined: ({ number, code }) => ({
    attempt: number,
    decline: { code: declineCode(code) },
  }),
  AuthorizationVoided: ({ number, amountMinor }) => ({
    attempt: number,
    amount_voided: amountMinor,
  }),
  RefundStarted: ({ refund, amountMinor, reason }) =>
    refundNamed(refund, { amount: amountMinor, reason }),
  RefundAccepted: ({ refund, reference }) =>
    refundNamed(refund, { reference: cleanText(reference, 128) }),
  RefundSucceeded: ({ refund, amountMinor, reference }) =>
    refundNamed(refund, { amount: amountMinor, reference: cleanText(reference, 128) }),
  RefundFailed: ({ refund, code, message }) => ({
    ...refundNamed(refund, { code: declineCode(code) }),
    ...words('processor_message', message),
  }),
  DisputeEvidenceRequested: disputed,
  DisputeOpened: disputed,
  DisputeWon: disputed,
  DisputeLost: disputed,
  PaymentSettled: ({ number, processor, batch, amountMinor, feeMinor, currency }) => ({
    ...{ attempt: number, processor, batch: cleanText(batch, 128) },
    settled: { amount: amountMinor, fee: feeMinor, currency },
  }),
  PaymentSucceeded: ({ spentMinor }) => ({ amount_captured: spentMinor }),
  PaymentFailed: ({ failure: { code, detail, decline } }) => ({
    failure: {
      ...{ code, detail: cleanText(detail) },
      ...(decline && {
        decline: { code: declineCode(decline.code), category: decline.category },
      }),
    },
    ...words('processor_message', decline?.message ?? null),
  }),
  PaymentCanceled: ({ reason }) => ({ reason }),
  PaymentParked: ({ number, refund, reason }) => ({
    attempt: number,
    reason,
    ...(refund !== undefined && refundNamed(refund)),
  }),
};

function detailsOf({ type, data }: PaymentIntentEvent): JsonRecord {
  const details = DETAILS[type] as ((data: object) => JsonRecord) | undefined;
  return details?.(data) ?? {};
}

function charge({
  number,
  processor,
  reference,
}: Pick<
  PaymentIntentEventData<'PaymentCaptured'>,
  'number' | 'processor' | 'reference'
>): JsonRecord {
  return { attempt: number, processor, reference: cleanText(reference, 128) };
}

function refundNamed(refund: string, more: JsonRecord = {}): JsonRecord {
  return { refund: { id: `rf_${refund}`, ...more } };
}

function words(source: string, message: string | null): JsonRecord {
  return message === null ? {} : { untrusted: { [source]: cleanText(message) } };
}

import {
  type Failure,
  INITIAL_PAYMENT_INTENT,
  type MandateCheck,
  type PaymentIntentEvent,
  type PaymentIntentEventData,
  type ReservationCall,
  evolvePaymentIntent,
} from '#domain';
import { renderAnswer } from './payment-intent.rendering.js';

/** Events of one payment, as its stream would have them. */

export const ID = 'a'.repeat(26);
export const AT = '2026-11-22T12:00:00.000Z';
export const MIDNIGHT = '2026-11-23T00:00:00.000Z';
export const REQUEST = {
  amount: 3500,
  currency: 'USD',
  payee: { id: 'acme-books', name: 'Acme' },
  payment_method: 'pm_sandbox_visa',
  order_reference: 'PO-1',
};
export const CALL = {
  processor: 'sandbox_a',
  key: `${ID}-1`,
  amountMinor: 3500,
  currency: 'USD',
  paymentMethod: 'pm_sandbox_visa',
  reference: 'ch_1',
  keySafeUntil: '2026-11-23T12:00:00.000Z',
};

export const requested: Extract<PaymentIntentEvent, { type: 'PaymentIntentRequested' }> = {
  type: 'PaymentIntentRequested',
  data: { id: ID, tenant: 'tnt_a', agent: 'agt_a', mandate: 'mnd_a', request: REQUEST, at: AT },
};
export const policy: PaymentIntentEvent = {
  type: 'PolicyDecided',
  data: {
    decision: 'allow',
    bundle: 'default@1',
    determining: ['small-purchases'],
    rules: [{ rule: 'small-purchases', result: 'matched', effect: 'permit' }],
    inputs: { amount: 3500 },
    at: AT,
  },
};
export const fraud = (
  changes: Partial<PaymentIntentEventData<'FraudScreened'>> = {},
): PaymentIntentEvent => ({
  type: 'FraudScreened',
  data: {
    stage: 'authorization',
    verdict: 'allow',
    reason: 'fraud',
    score: 12,
    provider: 'rules@1',
    rules: [{ rule: 'amount', result: 'passed', limit: 100, observed: 5 }],
    failMode: null,
    error: null,
    at: AT,
    ...changes,
  },
});
export const mandate = (
  decision: 'reserved' | 'refused',
  checks: MandateCheck[] = [{ rule: 'mandate.active', result: 'passed' }],
): PaymentIntentEvent => ({
  type: 'MandateDecided',
  data: {
    mandate: 'mnd_a',
    decision,
    code: decision === 'refused' ? 'mandate_limit_exceeded' : null,
    rules: checks.map((check) => ({ ...check })),
    at: AT,
  },
});
export const route: PaymentIntentEvent = {
  type: 'RouteChosen',
  data: {
    candidates: [
      { processor: 'sandbox_a', eligible: true, reason: 'available' },
      { processor: 'sandbox_b', eligible: false, reason: 'breaker_open' },
    ],
    at: AT,
  },
};
export const started: PaymentIntentEvent = {
  type: 'AttemptStarted',
  data: {
    number: 1,
    agent: 'agt_a',
    authorization: 'one_step',
    fence: false,
    lookUp: true,
    processor: 'sandbox_a',
    key: CALL.key,
    amountMinor: 3500,
    currency: 'USD',
    paymentMethod: 'pm_sandbox_visa',
    keySafeUntil: CALL.keySafeUntil,
    sender: 'saga-1',
    at: AT,
  },
};
export const authorized = {
  type: 'PaymentAuthorized',
  data: {
    number: 1,
    processor: 'sandbox_a',
    reference: 'ch_1',
    amountMinor: 3500,
    currency: 'USD',
    durationMs: 41,
    screening: {
      tenant: 'tnt_a',
      agent: 'agt_a',
      mandate: 'mnd_a',
      payee: { id: 'acme-books' },
      amountMinor: 3500,
      currency: 'USD',
      paymentMethod: 'pm_sandbox_visa',
    },
    at: AT,
  },
} satisfies PaymentIntentEvent;
export const failed = (reason: Failure): PaymentIntentEvent => ({
  type: 'PaymentFailed',
  data: { failure: reason, mandate: 'mnd_a', spentMinor: 0, at: AT },
});
export const unknown: PaymentIntentEvent = {
  type: 'OutcomeUnknown',
  data: { number: 1, operation: 'authorize', evidence: 'timeout', at: AT },
};
export const probe = (count: number): PaymentIntentEvent => ({
  type: 'ProbeScheduled',
  data: {
    number: 1,
    operation: 'authorize',
    probe: count,
    rung: 'resend',
    dueAt: AT,
    after: 'timeout',
    at: AT,
  },
});
export const judged = [requested, policy, fraud(), mandate('reserved')];
export const paid: PaymentIntentEvent[] = [
  ...judged,
  route,
  started,
  authorized,
  fraud({ stage: 'capture' }),
  {
    type: 'CaptureStarted',
    data: { number: 1, amountMinor: 3500, call: CALL, sender: 's', at: AT },
  },
  {
    type: 'PaymentCaptured',
    data: {
      number: 1,
      processor: 'sandbox_a',
      reference: 'ch_1',
      amountMinor: 3500,
      currency: 'USD',
      at: AT,
    },
  },
  { type: 'PaymentSucceeded', data: { mandate: 'mnd_a', spentMinor: 3500, at: AT } },
];

/** One refund of the payment, in the state that the events after it bring it to. */
export const refundStarted: PaymentIntentEvent = {
  type: 'RefundStarted',
  data: {
    refund: 'o1',
    number: 1,
    sequence: 1,
    amountMinor: 500,
    currency: 'USD',
    reason: 'broken',
    call: { ...CALL, amountMinor: 500, refund: { key: `${CALL.key}-r1`, reference: null } },
    sender: 's',
    at: AT,
  },
};
export const FINGERPRINT = 'f'.repeat(64);
export const approvalAsked: PaymentIntentEvent = {
  type: 'ApprovalRequested',
  data: {
    stage: 'authorization',
    reasons: [{ source: 'mandate', rule: 'approval.above', detail: 'A large amount.' }],
    fingerprint: FINGERPRINT,
    dueAt: MIDNIGHT,
    at: AT,
  },
};
export const RESERVATION: ReservationCall = {
  participant: 'warehouse',
  key: `${ID}-reservation`,
  items: [{ sku: 'B-1', quantity: 2 }],
  payee: 'acme-books',
  orderReference: 'PO-1',
  reference: null,
};

export const fold = (events: readonly PaymentIntentEvent[]) =>
  events.reduce(evolvePaymentIntent, INITIAL_PAYMENT_INTENT);
export const answered = (events: readonly PaymentIntentEvent[]) => {
  const { status, body } = renderAnswer(fold(events));
  return { status, body: JSON.parse(body) as Record<string, unknown> };
};

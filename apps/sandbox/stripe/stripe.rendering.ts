import type { Charge as BookedCharge } from '../books.js';
import {
  refundedOf,
  type CardError,
  type Charge,
  type Dispute,
  type Intent,
  type PaymentMethod,
  type Refund,
} from './stripe.records.js';

/** Stripe's objects as its interface shows them. */

export const intentToWire = (intent: Intent, expand: readonly string[] = []) => ({
  id: intent.id,
  object: 'payment_intent',
  amount: intent.amount,
  amount_capturable: intent.amountCapturable,
  amount_received: intent.amountReceived,
  canceled_at: intent.cancellation?.atS ?? null,
  cancellation_reason: intent.cancellation?.reason ?? null,
  capture_method: intent.captureMethod,
  client_secret: `${intent.id}_secret_sandbox`,
  confirmation_method: 'automatic',
  created: intent.createdS,
  currency: intent.currency,
  customer: null,
  description: null,
  last_payment_error: intent.lastError ? cardErrorToWire(intent.lastError) : null,
  latest_charge: intent.charge
    ? expand.includes('latest_charge')
      ? chargeToWire(intent, intent.charge)
      : intent.charge.id
    : null,
  livemode: false,
  metadata: intent.metadata,
  next_action: nextActionOf(intent),
  payment_method: intent.paymentMethod?.id ?? null,
  payment_method_types: ['card'],
  status: intent.status,
});

export const cardErrorToWire = ({ code, declineCode, message }: CardError) => ({
  type: 'card_error' as const,
  code,
  ...(declineCode === undefined ? {} : { decline_code: declineCode }),
  message,
});

export const chargeToWire = (intent: Intent, charge: Charge) => ({
  id: charge.id,
  object: 'charge',
  amount: charge.amount,
  amount_captured: charge.amountCaptured,
  amount_refunded: charge.released ? charge.amount : refundedOf(charge),
  captured: charge.captured,
  created: charge.createdS,
  currency: intent.currency,
  disputed: charge.dispute !== undefined,
  failure_code: charge.error?.code ?? null,
  failure_message: charge.error?.message ?? null,
  livemode: false,
  metadata: intent.metadata,
  outcome: outcomeOf(charge),
  paid: charge.status === 'succeeded',
  payment_intent: intent.id,
  payment_method: charge.paymentMethod.id,
  refunded: charge.released || (charge.captured && refundedOf(charge) === charge.amountCaptured),
  status: charge.status,
});

export const refundToWire = (intent: Intent, refund: Refund) => ({
  id: refund.id,
  object: 'refund',
  amount: refund.amount,
  charge: intent.charge?.id ?? null,
  created: refund.createdS,
  currency: intent.currency,
  ...(refund.status === 'failed' && { failure_reason: 'expired_or_canceled_card' }),
  metadata: refund.metadata,
  payment_intent: intent.id,
  reason: null,
  status: refund.status,
});

export const disputeToWire = (intent: Intent, dispute: Dispute) => ({
  id: dispute.id,
  object: 'dispute',
  amount: dispute.amount,
  charge: intent.charge?.id ?? null,
  created: dispute.createdS,
  currency: intent.currency,
  evidence_details: { due_by: dispute.dueAtS, has_evidence: false, past_due: false },
  livemode: false,
  metadata: {},
  payment_intent: intent.id,
  reason: 'fraudulent',
  status: dispute.status,
});

export const methodToWire = (method: PaymentMethod) => ({
  id: method.id,
  object: 'payment_method',
  card: {
    brand: method.brand,
    exp_month: method.expMonth,
    exp_year: method.expYear,
    last4: method.last4,
  },
  created: method.createdS,
  customer: null,
  livemode: false,
  metadata: {},
  type: 'card',
});

/** An intent as the books show it, in the form that all sandbox processors have. */
export function intentToBooks(intent: Intent): BookedCharge {
  const { charge } = intent;
  const settled = (charge?.refunds ?? []).filter(({ status }) => status === 'succeeded');
  const amountRefunded = settled.reduce((sum, { amount }) => sum + amount, 0);
  return {
    id: intent.id,
    status: bookedStatusOf(intent, amountRefunded),
    amount: intent.amount,
    currency: intent.currency.toUpperCase(),
    paymentMethod: charge?.paymentMethod.id ?? '',
    merchantReference: intent.metadata.attempt_key ?? intent.id,
    createdMs: intent.createdS * 1_000,
    amountCaptured: intent.amountReceived,
    amountRefunded,
    refunds: (charge?.refunds ?? []).map(({ id, key, amount, status, createdS }) => ({
      ...{ id, amount, status },
      createdMs: createdS * 1_000,
      idempotencyKey: key,
      settlesAtMs: 0,
    })),
    idempotencyKey: intent.heldUnder,
  };
}

function bookedStatusOf(intent: Intent, amountRefunded: number): BookedCharge['status'] {
  if (intent.status === 'requires_capture') return 'authorized';
  if (intent.status === 'canceled') return 'voided';
  return amountRefunded === intent.amountReceived ? 'refunded' : 'captured';
}

function nextActionOf({ action }: Intent) {
  if (!action) return null;
  if (action.returnUrl === '') return { type: 'use_stripe_sdk', use_stripe_sdk: {} };
  return {
    type: 'redirect_to_url',
    redirect_to_url: { url: action.url, return_url: action.returnUrl },
  };
}

const SCORES = { normal: 12, elevated: 68, highest: 88 } as const;

function outcomeOf({ error, paymentMethod: { behaviour } }: Charge) {
  const level = behaviour.risk ?? 'normal';
  const risk = { risk_level: level, risk_score: SCORES[level] };
  if (!error) {
    const inReview = level === 'elevated';
    return {
      ...{ network_status: 'approved_by_network', ...risk, seller_message: 'Payment complete.' },
      reason: inReview ? 'elevated_risk_level' : null,
      type: inReview ? 'manual_review' : 'authorized',
    };
  }
  return behaviour.decline?.byRadar
    ? {
        ...{ network_status: 'not_sent_to_network', reason: 'highest_risk_level', ...risk },
        ...{ seller_message: 'Stripe blocked this payment.', type: 'blocked' },
      }
    : {
        ...{ network_status: 'declined_by_network', ...risk },
        reason: error.declineCode ?? error.code,
        ...{ seller_message: 'The bank declined this payment.', type: 'issuer_declined' },
      };
}

import type { HttpResponse } from '#platform';
import type { AttemptOrder } from '../processor.port.js';

/** Stripe's objects as an account gets them, reduced to what is read and to some that is not. */

export const ORDER: AttemptOrder = {
  key: 'abc-1',
  amountMinor: 4_200,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  reference: 'pi_1',
};

export const REFUND_ORDER: AttemptOrder = { ...ORDER, refund: { key: 'abc-1-r1' } };

export type Wire = Record<string, unknown>;

export const wireIntent = (changes: Wire = {}): Wire => ({
  id: 'pi_1',
  object: 'payment_intent',
  amount: 4_200,
  amount_capturable: 4_200,
  amount_received: 0,
  currency: 'eur',
  last_payment_error: null,
  latest_charge: 'ch_1',
  metadata: { attempt_key: 'abc-1' },
  next_action: null,
  status: 'requires_capture',
  ...changes,
});

export const wireCaptured = (changes: Wire = {}): Wire =>
  wireIntent({ status: 'succeeded', amount_capturable: 0, amount_received: 4_200, ...changes });

export const wireCanceled = (changes: Wire = {}): Wire =>
  wireIntent({ status: 'canceled', amount_capturable: 0, latest_charge: null, ...changes });

export const wireDeclined = (changes: Wire = {}): Wire =>
  wireIntent({
    status: 'requires_payment_method',
    amount_capturable: 0,
    last_payment_error: wireCardError(),
    ...changes,
  });

export const wireActionRequired = (changes: Wire = {}): Wire =>
  wireIntent({
    status: 'requires_action',
    amount_capturable: 0,
    next_action: {
      type: 'redirect_to_url',
      redirect_to_url: { url: 'https://hooks.stripe.example/3d', return_url: 'https://x.example' },
    },
    ...changes,
  });

export const wireCharge = (changes: Wire = {}): Wire => ({
  id: 'ch_1',
  object: 'charge',
  status: 'succeeded',
  outcome: { type: 'authorized', risk_level: 'normal', risk_score: 7 },
  ...changes,
});

export const wireCardError = (changes: Wire = {}): Wire => ({
  type: 'card_error',
  code: 'card_declined',
  decline_code: 'insufficient_funds',
  message: 'Your card has insufficient funds.',
  ...changes,
});

export const wireRefund = (changes: Wire = {}): Wire => ({
  id: 're_1',
  object: 'refund',
  amount: 4_200,
  currency: 'eur',
  charge: 'ch_1',
  metadata: { attempt_key: 'abc-1', refund_key: 'abc-1-r1' },
  payment_intent: 'pi_1',
  status: 'succeeded',
  ...changes,
});

export const answered = (status: number, body: unknown): HttpResponse => ({
  status,
  headers: {},
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

export const failed = (status: number, error: Wire): HttpResponse =>
  answered(status, { error: { type: 'invalid_request_error', ...error } });

export const unexpectedState = (intent: Wire): HttpResponse =>
  failed(400, { code: 'payment_intent_unexpected_state', payment_intent: intent });

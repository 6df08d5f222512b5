import type { CardBehaviour } from './stripe.cards.js';

/** What Stripe knows, as the simulator keeps it. Amounts in Stripe's minor units, currencies in lower case. */

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled';

export interface PaymentMethod {
  id: string;
  createdS: number;
  brand: string;
  last4: string;
  expMonth: number;
  expYear: number;
  behaviour: CardBehaviour;
}

export interface Intent {
  id: string;
  status: IntentStatus;
  amount: number;
  currency: string;
  captureMethod: 'automatic' | 'manual';
  paymentMethod: PaymentMethod | null;
  metadata: Record<string, string>;
  createdS: number;
  amountCapturable: number;
  amountReceived: number;
  /** Of the last confirmation. */
  charge?: Charge;
  lastError?: CardError;
  /** What the buyer is asked for, and the key of the confirmation that waits for it. */
  action?: { url: string; returnUrl: string; key: string };
  cancellation?: { reason: string | null; atS: number };
  /** On the monotonic clock: when what is held is let go. */
  expiresAtMs?: number;
  /** The key of the call that held the money; empty without one. */
  heldUnder?: string;
}

export interface CardError {
  code: string;
  declineCode?: string;
  message: string;
}

export interface Charge {
  id: string;
  createdS: number;
  amount: number;
  status: 'succeeded' | 'failed';
  captured: boolean;
  amountCaptured: number;
  paymentMethod: PaymentMethod;
  error?: CardError;
  refunds: Refund[];
  /** A hold that was let go. */
  released: boolean;
  dispute?: Dispute;
}

export interface Refund {
  id: string;
  createdS: number;
  key: string;
  amount: number;
  metadata: Record<string, string>;
  status: 'pending' | 'succeeded' | 'failed';
  /** On the monotonic clock: when it becomes what it will be. */
  settlesAtMs?: number;
  becomes?: 'succeeded' | 'failed';
}

export interface Dispute {
  id: string;
  createdS: number;
  amount: number;
  status: 'needs_response' | 'lost';
  dueAtS: number;
  lostAtMs: number;
}

/** What has gone back, or is on its way. */
export const refundedOf = (charge: Charge): number =>
  charge.refunds.reduce((sum, { status, amount }) => sum + (status === 'failed' ? 0 : amount), 0);

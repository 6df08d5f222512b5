import type { Clock } from '#platform';
import type { Charge as BookedCharge } from '../books.js';
import { demandChargeable, demandSayable } from './stripe.amounts.js';
import type { CardBehaviour } from './stripe.cards.js';
import { DueTimes } from './stripe.due-times.js';
import {
  refundedOf,
  type CardError,
  type Charge,
  type Dispute,
  type Intent,
  type PaymentMethod,
  type Refund,
} from './stripe.records.js';
import { missing, StripeRefusal } from './stripe.refusal.js';
import {
  cardErrorToWire,
  chargeToWire,
  disputeToWire,
  intentToBooks,
  intentToWire,
  refundToWire,
} from './stripe.rendering.js';

export interface StripeBooksOptions {
  clock: Clock;
  newId: (prefix: string) => string;
  /** How long a hold lasts. */
  authorizationValidForMs: number;
  /** Told of every event, with the object as it is at that moment. */
  emit: (type: string, object: unknown) => void;
}

export type NewIntent = Pick<
  Intent,
  'amount' | 'currency' | 'captureMethod' | 'paymentMethod' | 'metadata'
>;

export interface Confirmation {
  paymentMethod?: PaymentMethod;
  /** Empty: the buyer cannot be sent anywhere by address. */
  returnUrl: string;
  /** 3-D Secure is a decline. */
  failsOnAction: boolean;
  actionUrl: string;
  key: string;
}

const REFUND_SETTLES_AFTER_MS = 1_000;
const DISPUTE_LOST_AFTER_MS = 7 * 24 * 60 * 60 * 1_000;

/**
 * Stripe's truth about money, in memory for as long as the sandbox runs. Every method is atomic, and what time has changed
 * since is brought up to date before an intent is given away.
 */
export class StripeBooks {
  private readonly intents = new Map<string, Intent>();
  private readonly byCharge = new Map<string, Intent>();
  private readonly byRefund = new Map<string, { intent: Intent; refund: Refund }>();
  private readonly byAttempt = new Map<string, Intent[]>();
  private readonly held: Intent[] = [];
  private readonly due = new DueTimes<Intent>();

  constructor(private readonly options: StripeBooksOptions) {}

  create(fields: NewIntent): Intent {
    demandChargeable(fields.amount, fields.currency);
    const intent: Intent = {
      id: this.options.newId('pi'),
      status: fields.paymentMethod ? 'requires_confirmation' : 'requires_payment_method',
      ...fields,
      createdS: this.nowS(),
      amountCapturable: 0,
      amountReceived: 0,
    };
    this.intents.set(intent.id, intent);
    const attempt = fields.metadata.attempt_key ?? intent.id;
    const ofAttempt = this.byAttempt.get(attempt);
    if (ofAttempt) ofAttempt.push(intent);
    else this.byAttempt.set(attempt, [intent]);
    this.tell('payment_intent.created', intent);
    return intent;
  }

  find(id: string): Intent {
    const intent = this.intents.get(id);
    if (!intent) throw missing('intent', 'payment_intent', id);
    return this.current(intent);
  }

  findByCharge(id: string): Intent {
    const intent = this.byCharge.get(id);
    if (!intent) throw missing('charge', 'charge', id);
    return this.current(intent);
  }

  findRefund(id: string): { intent: Intent; refund: Refund } {
    const found = this.byRefund.get(id);
    if (!found) throw missing('refund', 'refund', id);
    this.current(found.intent);
    return found;
  }

  newestIntents(): Intent[] {
    return [...this.intents.values()].reverse().map((intent) => this.current(intent));
  }

  newestRefunds(): { intent: Intent; refund: Refund }[] {
    return [...this.byRefund.values()].reverse().filter(({ intent }) => this.current(intent));
  }

  /** What held or holds money, in the order in which it was held. */
  bookedCharges(merchantReference?: string): readonly BookedCharge[] {
    const asked =
      merchantReference === undefined ? this.held : (this.byAttempt.get(merchantReference) ?? []);
    return asked
      .filter((intent) => intent.heldUnder !== undefined)
      .map((intent) => intentToBooks(this.current(intent)));
  }

  /** Holds the amount, asks for 3-D Secure, or refuses with the decline. */
  confirm(intent: Intent, confirmation: Confirmation): void {
    const confirmable = ['requires_confirmation', 'requires_payment_method', 'requires_action'];
    if (!confirmable.includes(intent.status)) throw unexpectedState(intent, 'confirm');
    intent.paymentMethod = confirmation.paymentMethod ?? intent.paymentMethod;
    const method = intent.paymentMethod;
    if (!method) throw unexpectedState(intent, 'confirm', ' without a payment method');
    delete intent.lastError;
    if (!method.behaviour.authenticates) {
      this.authorize(intent, method, confirmation.key);
    } else if (confirmation.failsOnAction) {
      this.fail(intent, method, AUTHENTICATION_REQUIRED);
    } else {
      const { actionUrl: url, returnUrl, key } = confirmation;
      intent.status = 'requires_action';
      intent.action = { url, returnUrl, key };
      this.tell('payment_intent.requires_action', intent);
    }
    if (intent.lastError) throw declined(intent, intent.lastError);
  }

  /** The buyer did, or did not do, what 3-D Secure asks for. Nothing happens when nothing is asked for any more. */
  authenticate(intent: Intent, succeeded: boolean): void {
    const method = intent.paymentMethod;
    if (intent.status !== 'requires_action' || !method) return;
    if (succeeded) this.authorize(intent, method, intent.action?.key ?? '');
    else this.fail(intent, method, AUTHENTICATION_FAILED);
  }

  /** Takes the amount, and lets go of the rest. */
  capture(intent: Intent, amount: number | undefined): void {
    if (intent.status !== 'requires_capture') throw unexpectedState(intent, 'capture');
    const taken = amount ?? intent.amountCapturable;
    demandSayable('amount_to_capture', taken, intent.currency);
    if (taken > intent.amountCapturable) {
      throw new StripeRefusal(400, {
        code: 'amount_too_large',
        param: 'amount_to_capture',
        message: 'The amount is above the authorized one.',
      });
    }
    this.take(intent, taken);
  }

  /** Ends an intent that took no money for good, and lets go of what it holds. */
  cancel(intent: Intent, reason: string | null): void {
    if (['succeeded', 'canceled'].includes(intent.status)) throw unexpectedState(intent, 'cancel');
    intent.status = 'canceled';
    intent.cancellation = { reason, atS: this.nowS() };
    intent.amountCapturable = 0;
    delete intent.action;
    if (intent.charge?.status === 'succeeded') intent.charge.released = true;
    this.tell('payment_intent.canceled', intent);
  }

  refund(
    intent: Intent,
    asked: { amount: number | undefined; metadata: Record<string, string>; key: string },
  ): Refund {
    const charge = refundableChargeOf(intent);
    const left = charge.amountCaptured - refundedOf(charge);
    const amount = asked.amount ?? left;
    demandSayable('amount', amount, intent.currency);
    if (left === 0) {
      const message = `Charge ${charge.id} has already been refunded.`;
      throw new StripeRefusal(400, { code: 'charge_already_refunded', message });
    }
    if (amount > left) {
      // Stripe gives this one no code.
      const message = `The refund of ${amount} is above the ${left} that are left of the charge.`;
      throw new StripeRefusal(400, { param: 'amount', message });
    }
    const refund = this.newRefund(charge, { ...asked, amount });
    charge.refunds.push(refund);
    this.byRefund.set(refund.id, { intent, refund });
    if (refund.settlesAtMs !== undefined) this.due.add('refund', refund.settlesAtMs, intent);
    this.options.emit('refund.created', refundToWire(intent, refund));
    this.options.emit('charge.refunded', chargeToWire(intent, charge));
    return refund;
  }

  /** Milliseconds until time changes something, undefined when it changes nothing. */
  nextChangeInMs(): number | undefined {
    const nextMs = this.due.next();
    return nextMs === undefined ? undefined : Math.max(0, nextMs - this.nowMs());
  }

  /** Does what time has brought. */
  catchUp(): void {
    for (const intent of this.due.take(this.nowMs())) this.current(intent);
  }

  private authorize(intent: Intent, method: PaymentMethod, key: string): void {
    const { decline } = method.behaviour;
    if (decline) return this.fail(intent, method, { ...decline, message: messageOf(decline) });
    const charge = this.newCharge(intent, method);
    delete intent.action;
    intent.heldUnder = key;
    this.held.push(intent);
    intent.status = 'requires_capture';
    intent.amountCapturable = intent.amount;
    if (intent.captureMethod === 'automatic') return this.take(intent, intent.amount);
    intent.expiresAtMs = this.nowMs() + this.options.authorizationValidForMs;
    this.due.add('expiry', intent.expiresAtMs, intent);
    this.options.emit('charge.succeeded', chargeToWire(intent, charge));
    this.tell('payment_intent.amount_capturable_updated', intent);
  }

  private fail(intent: Intent, method: PaymentMethod, error: CardError): void {
    const charge = this.newCharge(intent, method, error);
    delete intent.action;
    intent.status = 'requires_payment_method';
    intent.lastError = error;
    intent.paymentMethod = null;
    this.options.emit('charge.failed', chargeToWire(intent, charge));
    this.tell('payment_intent.payment_failed', intent);
  }

  private take(intent: Intent, amount: number): void {
    const { charge } = intent;
    if (!charge) throw new Error('nothing is held');
    intent.status = 'succeeded';
    intent.amountCapturable = 0;
    intent.amountReceived = amount;
    charge.captured = true;
    charge.amountCaptured = amount;
    this.options.emit('charge.captured', chargeToWire(intent, charge));
    this.tell('payment_intent.succeeded', intent);
    if (charge.paymentMethod.behaviour.disputed) this.dispute(intent, charge);
  }

  private dispute(intent: Intent, charge: Charge): void {
    const lostAtMs = this.nowMs() + DISPUTE_LOST_AFTER_MS;
    const dispute: Dispute = {
      id: this.options.newId('dp'),
      createdS: this.nowS(),
      amount: charge.amountCaptured,
      status: 'needs_response',
      dueAtS: this.nowS() + DISPUTE_LOST_AFTER_MS / 1_000,
      lostAtMs,
    };
    charge.dispute = dispute;
    this.due.add('dispute', lostAtMs, intent);
    this.options.emit('charge.dispute.created', disputeToWire(intent, dispute));
    this.options.emit('charge.dispute.funds_withdrawn', disputeToWire(intent, dispute));
  }

  private newCharge(intent: Intent, method: PaymentMethod, error?: CardError): Charge {
    const charge: Charge = {
      id: this.options.newId('ch'),
      createdS: this.nowS(),
      amount: intent.amount,
      status: error ? 'failed' : 'succeeded',
      captured: false,
      amountCaptured: 0,
      paymentMethod: method,
      ...(error && { error }),
      refunds: [],
      released: false,
    };
    intent.charge = charge;
    this.byCharge.set(charge.id, intent);
    return charge;
  }

  private newRefund(
    charge: Charge,
    { amount, metadata, key }: { amount: number; metadata: Record<string, string>; key: string },
  ): Refund {
    const plan = charge.paymentMethod.behaviour.refunds;
    const later = {
      settlesAtMs: this.nowMs() + REFUND_SETTLES_AFTER_MS,
      becomes: plan === 'fails' ? ('failed' as const) : ('succeeded' as const),
    };
    return {
      id: this.options.newId('re'),
      createdS: this.nowS(),
      ...{ key, amount, metadata },
      status: plan === 'pending' ? 'pending' : 'succeeded',
      ...(plan && later),
    };
  }

  private current(intent: Intent): Intent {
    const nowMs = this.nowMs();
    if (intent.status === 'requires_capture' && nowMs >= (intent.expiresAtMs ?? Infinity)) {
      this.cancel(intent, 'automatic');
    }
    for (const refund of intent.charge?.refunds ?? []) {
      if (refund.becomes && nowMs >= (refund.settlesAtMs ?? Infinity)) settle(refund);
      else continue;
      const type = refund.status === 'failed' ? 'refund.failed' : 'refund.updated';
      this.options.emit(type, refundToWire(intent, refund));
    }
    const dispute = intent.charge?.dispute;
    if (dispute?.status === 'needs_response' && nowMs >= dispute.lostAtMs) {
      dispute.status = 'lost';
      this.options.emit('charge.dispute.closed', disputeToWire(intent, dispute));
    }
    return intent;
  }

  private tell(type: string, intent: Intent): void {
    this.options.emit(type, intentToWire(intent));
  }

  private nowMs(): number {
    return this.options.clock.monotonicMs();
  }

  private nowS(): number {
    return Math.floor(this.options.clock.now() / 1_000);
  }
}

function settle(refund: Refund): void {
  refund.status = refund.becomes ?? refund.status;
  delete refund.becomes;
}

const AUTHENTICATION_REQUIRED: CardError = {
  code: 'authentication_required',
  declineCode: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};

const AUTHENTICATION_FAILED: CardError = {
  code: 'payment_intent_authentication_failure',
  message: 'The payment method could not be authenticated.',
};

const messageOf = ({ code }: NonNullable<CardBehaviour['decline']>) =>
  code === 'card_declined' ? 'Your card was declined.' : `Your card was refused: ${code}.`;

function refundableChargeOf(intent: Intent): Charge {
  const { charge } = intent;
  if (intent.status !== 'succeeded' || !charge) {
    const message = `This PaymentIntent (${intent.id}) has no successful charge to refund.`;
    throw new StripeRefusal(400, { param: 'payment_intent', message });
  }
  if (charge.dispute) {
    const message = `Charge ${charge.id} has been charged back.`;
    throw new StripeRefusal(400, { code: 'charge_disputed', message });
  }
  return charge;
}

const declined = (intent: Intent, error: CardError) =>
  new StripeRefusal(402, { ...cardErrorToWire(error), payment_intent: intentToWire(intent) });

const unexpectedState = (intent: Intent, verb: string, why = '') =>
  new StripeRefusal(400, {
    code: 'payment_intent_unexpected_state',
    message: `You cannot ${verb} this PaymentIntent${why} while its status is ${intent.status}.`,
    payment_intent: intentToWire(intent),
  });

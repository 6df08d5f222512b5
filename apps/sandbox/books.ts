import { Refusal } from './json-http.js';
import { declineOf, type Decline } from './tokens.js';

export type ChargeStatus =
  | 'requires_confirmation'
  | 'declined'
  | 'canceled'
  | 'authorized'
  | 'captured'
  | 'voided'
  | 'refunded';

export interface Charge {
  id: string;
  status: ChargeStatus;
  amount: number;
  currency: string;
  paymentMethod: string;
  merchantReference: string;
  amountCaptured: number;
  amountRefunded: number;
  /** The key of the call that authorized. */
  idempotencyKey?: string;
  decline?: Decline;
}

export interface NewCharge {
  amount: number;
  currency: string;
  paymentMethod: string;
  merchantReference: string;
}

/** A charge as the processor's own interface shows it. */
export const chargeToWire = (charge: Charge) => ({
  id: charge.id,
  status: charge.status,
  amount: charge.amount,
  currency: charge.currency,
  merchant_reference: charge.merchantReference,
  amount_captured: charge.amountCaptured,
  amount_refunded: charge.amountRefunded,
  decline: charge.decline ?? null,
});

/** A charge as the books show it: only what at least held money is one. */
export const bookedToWire = (charge: Charge) => ({
  reference: charge.id,
  merchant_reference: charge.merchantReference,
  idempotency_key: charge.idempotencyKey,
  amount: charge.amount,
  currency: charge.currency,
  state: charge.status,
  amount_captured: charge.amountCaptured,
  amount_refunded: charge.amountRefunded,
});

/** One processor's truth about money, in memory for as long as the sandbox runs. Every method is atomic. */
export class Books {
  private readonly charges = new Map<string, Charge>();
  private readonly byMerchantReference = new Map<string, Charge[]>();
  private readonly booked: Charge[] = [];

  constructor(
    private readonly processor: string,
    private readonly newId: () => string,
  ) {}

  create(fields: NewCharge): Charge {
    const charge: Charge = {
      id: this.newId(),
      status: 'requires_confirmation',
      ...fields,
      amountCaptured: 0,
      amountRefunded: 0,
    };
    this.charges.set(charge.id, charge);
    const sameReference = this.byMerchantReference.get(charge.merchantReference);
    if (sameReference) sameReference.push(charge);
    else this.byMerchantReference.set(charge.merchantReference, [charge]);
    return charge;
  }

  find(id: string): Charge {
    const charge = this.charges.get(id);
    if (!charge) throw new Refusal(404, 'not_found', 'There is no such charge.');
    return charge;
  }

  /** Everything ever created under a merchant's reference, declined and canceled ones included. */
  withMerchantReference(merchantReference: string): readonly Charge[] {
    return this.byMerchantReference.get(merchantReference) ?? [];
  }

  /** What held or holds money, in the order of authorization. */
  bookedCharges(merchantReference?: string): readonly Charge[] {
    if (merchantReference === undefined) return this.booked;
    return this.withMerchantReference(merchantReference).filter(
      (charge) => charge.idempotencyKey !== undefined,
    );
  }

  /** Holds the amount, or ends the charge as declined. */
  confirm(charge: Charge, idempotencyKey: string): void {
    if (charge.status !== 'requires_confirmation') throw unexpectedState(charge, 'confirmed');
    const decline = declineOf(charge.paymentMethod, this.processor);
    if (decline) {
      charge.status = 'declined';
      charge.decline = decline;
      return;
    }
    charge.status = 'authorized';
    charge.idempotencyKey = idempotencyKey;
    this.booked.push(charge);
  }

  capture(charge: Charge, amount: number): void {
    if (charge.status !== 'authorized') throw unexpectedState(charge, 'captured');
    if (amount > charge.amount) {
      throw new Refusal(400, 'amount_too_large', 'The amount is above the authorized one.');
    }
    charge.status = 'captured';
    charge.amountCaptured = amount;
  }

  void(charge: Charge): void {
    if (charge.status !== 'authorized') throw unexpectedState(charge, 'voided');
    charge.status = 'voided';
  }

  /** Ends a charge that holds nothing: no confirmation is accepted afterwards. A declined one has ended already. */
  cancelUnconfirmed(charge: Charge): void {
    if (charge.status === 'requires_confirmation') charge.status = 'canceled';
    else if (charge.status !== 'declined') throw unexpectedState(charge, 'canceled');
  }

  refund(charge: Charge, amount: number): void {
    if (charge.status !== 'captured') throw unexpectedState(charge, 'refunded');
    if (amount > charge.amountCaptured - charge.amountRefunded) {
      throw new Refusal(400, 'amount_too_large', 'The amount is above what is left to refund.');
    }
    charge.amountRefunded += amount;
    if (charge.amountRefunded === charge.amountCaptured) charge.status = 'refunded';
  }
}

const unexpectedState = (charge: Charge, verb: string) =>
  new Refusal(400, `charge_${charge.status}`, `A ${charge.status} charge cannot be ${verb}.`, {
    charge: chargeToWire(charge),
  });

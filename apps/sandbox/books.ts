import type { Clock } from '#platform';
import { Refusal } from './json-http.js';
import { declineOf, refundPlanOf, type Decline, type RefundPlan } from './tokens.js';

export type ChargeStatus =
  | 'requires_confirmation'
  | 'declined'
  | 'canceled'
  | 'authorized'
  | 'captured'
  | 'voided'
  | 'expired'
  | 'refunded';

export interface Charge {
  id: string;
  status: ChargeStatus;
  amount: number;
  currency: string;
  paymentMethod: string;
  merchantReference: string;
  amountCaptured: number;
  /** What came back; pending refunds are not in it. */
  amountRefunded: number;
  refunds: Refund[];
  createdMs: number;
  /** On the monotonic clock: when what is held is let go. */
  expiresAtMs?: number;
  /** The key of the call that authorized. */
  idempotencyKey?: string;
  decline?: Decline;
}

export interface Refund {
  id: string;
  idempotencyKey: string;
  createdMs: number;
  amount: number;
  /** Only where somebody planted another one than the charge's. */
  currency?: string;
  status: 'pending' | 'succeeded' | 'failed';
  /** On the monotonic clock: when a pending one succeeds, or fails with `failure`. */
  settlesAtMs: number;
  failure?: Decline;
}

/** What the processor lists: a charge, or one of its refunds. */
export interface Entry {
  charge: Charge;
  refund?: Refund;
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

/** A refund as the processor's own interface shows it. */
export const refundToWire = (
  charge: Charge,
  { id, amount, currency = charge.currency, status, failure }: Refund,
) => ({
  id,
  charge: charge.id,
  amount,
  currency,
  status,
  ...(status === 'failed' && { failure }),
});

/** A charge, or a refund of one, as a list of everything shows it. */
export const entryToWire = ({ charge, refund }: Entry) =>
  refund
    ? {
        object: 'refund',
        ...refundToWire(charge, refund),
        idempotency_key: refund.idempotencyKey,
        created: new Date(refund.createdMs).toISOString(),
      }
    : {
        object: 'charge',
        ...chargeToWire(charge),
        created: new Date(charge.createdMs).toISOString(),
      };

/** A charge as the books show it: only what at least held money is one. A hold that expired was let go. */
export const bookedToWire = (charge: Charge) => ({
  reference: charge.id,
  merchant_reference: charge.merchantReference,
  idempotency_key: charge.idempotencyKey,
  amount: charge.amount,
  currency: charge.currency,
  state: charge.status === 'expired' ? 'voided' : charge.status,
  amount_captured: charge.amountCaptured,
  amount_refunded: charge.amountRefunded,
  refunds: charge.refunds.map(({ id, idempotencyKey, amount, status }) => ({
    reference: id,
    idempotency_key: idempotencyKey,
    amount,
    status,
  })),
});

/** What can be made wrong about a charge or refund. `lost`: it is listed no more. */
export interface Falsification {
  amount?: number;
  currency?: string;
  status?: string;
  amountCaptured?: number;
  lost?: boolean;
}

export interface BooksOptions {
  clock: Clock;
  newId: (of: 'charge' | 'refund' | 'token') => string;
  /** How long a hold lasts. */
  authorizationValidForMs: number;
  /** Who decides behind a payment method; by default the issuer behind the sandbox's tokens. */
  issuer?: Issuer;
}

export interface Issuer {
  declineOf: (paymentMethod: string, processor: string) => Decline | undefined;
  refundPlanOf: (paymentMethod: string) => RefundPlan;
}

const TOKENS: Issuer = { declineOf, refundPlanOf };

/**
 * One processor's truth about money, in memory for as long as the sandbox runs. Every method is atomic, and what time has
 * changed since is brought up to date before a charge is given away.
 */
export class Books {
  private readonly charges = new Map<string, Charge>();
  private readonly byMerchantReference = new Map<string, Charge[]>();
  private readonly booked: Charge[] = [];
  /** In the order in which they were made. */
  private readonly listed: Entry[] = [];
  private readonly issuer: Issuer;

  constructor(
    readonly processor: string,
    private readonly options: BooksOptions,
  ) {
    this.issuer = options.issuer ?? TOKENS;
  }

  create(fields: NewCharge): Charge {
    const charge: Charge = {
      id: this.options.newId('charge'),
      status: 'requires_confirmation',
      ...fields,
      createdMs: this.options.clock.now(),
      amountCaptured: 0,
      amountRefunded: 0,
      refunds: [],
    };
    this.charges.set(charge.id, charge);
    this.listed.push({ charge });
    const sameReference = this.byMerchantReference.get(charge.merchantReference);
    if (sameReference) sameReference.push(charge);
    else this.byMerchantReference.set(charge.merchantReference, [charge]);
    return charge;
  }

  newTokenName(): string {
    return this.options.newId('token');
  }

  find(id: string): Charge {
    const charge = this.charges.get(id);
    if (!charge) throw new Refusal(404, 'not_found', 'There is no such charge.');
    return this.current(charge);
  }

  /** Everything ever created under a merchant's reference, declined and canceled ones included. */
  withMerchantReference(merchantReference: string): readonly Charge[] {
    const found = this.byMerchantReference.get(merchantReference) ?? [];
    return found.map((charge) => this.current(charge));
  }

  /** The charges and refunds that were made in [fromMs, toMs), from one place in the list on. */
  entries(
    { fromMs, toMs }: { fromMs: number; toMs: number },
    from: number,
    limit: number,
  ): { entries: Entry[]; next: number | null } {
    const entries: Entry[] = [];
    for (let index = from; index < this.listed.length; index += 1) {
      const { charge, refund } = this.listed[index] as Entry;
      const { createdMs } = refund ?? charge;
      if (createdMs < fromMs || createdMs >= toMs) continue;
      if (entries.length === limit) return { entries, next: index };
      entries.push({ charge: this.current(charge), ...(refund && { refund }) });
    }
    return { entries, next: null };
  }

  /** A charge that nobody asked for. */
  add(fields: NewCharge): Charge {
    const charge = this.create(fields);
    this.confirm(charge, 'nobody');
    this.capture(charge, charge.amount);
    return charge;
  }

  /** Changes one charge or refund behind everybody's back. */
  falsify(reference: string, change: Falsification): void {
    const index = this.listed.findIndex(
      ({ charge, refund }) => (refund ?? charge).id === reference,
    );
    const entry = this.listed[index];
    if (!entry) throw new Refusal(404, 'not_found', 'There is no such charge or refund.');
    const { lost, ...changes } = change;
    Object.assign(entry.refund ?? entry.charge, changes);
    if (lost) this.listed.splice(index, 1);
  }

  /** What held or holds money, in the order of authorization. */
  bookedCharges(merchantReference?: string): readonly Charge[] {
    if (merchantReference === undefined) return this.booked.map((charge) => this.current(charge));
    return this.withMerchantReference(merchantReference).filter(
      (charge) => charge.idempotencyKey !== undefined,
    );
  }

  /** Holds the amount, or ends the charge as declined. */
  confirm(charge: Charge, idempotencyKey: string): void {
    if (charge.status !== 'requires_confirmation') throw unexpectedState(charge, 'confirmed');
    const decline = this.issuer.declineOf(charge.paymentMethod, this.processor);
    if (decline) {
      charge.status = 'declined';
      charge.decline = decline;
      return;
    }
    charge.status = 'authorized';
    charge.expiresAtMs = this.nowMs() + this.options.authorizationValidForMs;
    charge.idempotencyKey = idempotencyKey;
    this.booked.push(charge);
  }

  /** Takes the amount, and lets go of the rest. */
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

  refund(charge: Charge, amount: number, idempotencyKey: string): Refund {
    if (charge.status !== 'captured') throw unexpectedState(charge, 'refunded');
    const plan = this.issuer.refundPlanOf(charge.paymentMethod);
    if ('refusal' in plan) throw new Refusal(400, plan.refusal.code, plan.refusal.message);
    if (amount > charge.amountCaptured - charge.amountRefunded - pendingOf(charge)) {
      throw new Refusal(400, 'amount_too_large', 'The amount is above what is left to refund.');
    }
    const refund: Refund = {
      id: this.options.newId('refund'),
      idempotencyKey,
      createdMs: this.options.clock.now(),
      amount,
      status: 'pending',
      settlesAtMs: this.nowMs() + plan.settlesAfterMs,
      ...(plan.failure && { failure: plan.failure }),
    };
    charge.refunds.push(refund);
    this.listed.push({ charge, refund });
    this.current(charge);
    return refund;
  }

  private nowMs(): number {
    return this.options.clock.monotonicMs();
  }

  private current(charge: Charge): Charge {
    const nowMs = this.nowMs();
    if (charge.status === 'authorized' && nowMs >= (charge.expiresAtMs ?? Infinity)) {
      charge.status = 'expired';
    }
    for (const refund of charge.refunds) {
      if (refund.status === 'pending' && nowMs >= refund.settlesAtMs) settle(charge, refund);
    }
    return charge;
  }
}

function settle(charge: Charge, refund: Refund): void {
  if (refund.failure) {
    refund.status = 'failed';
    return;
  }
  refund.status = 'succeeded';
  charge.amountRefunded += refund.amount;
  if (charge.amountRefunded === charge.amountCaptured) charge.status = 'refunded';
}

const pendingOf = (charge: Charge) =>
  charge.refunds.reduce((sum, { status, amount }) => sum + (status === 'pending' ? amount : 0), 0);

const unexpectedState = (charge: Charge, verb: string) =>
  new Refusal(400, `charge_${charge.status}`, `A ${charge.status} charge cannot be ${verb}.`, {
    charge: chargeToWire(charge),
  });

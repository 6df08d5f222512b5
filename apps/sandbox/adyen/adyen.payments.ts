import type { Clock, Random, Timers } from '#platform';
import { Books, type Charge } from '../books.js';
import { Refusal } from '../json-http.js';
import {
  behaviorOf,
  declineOf,
  refundPlanOf,
  SCHEME_DECIDES_AFTER_MS,
  type AdyenCards,
} from './adyen.cards.js';
import type { Amount, PaymentRequest } from './adyen.requests.js';
import type { Booking } from './adyen.reports.js';
import type { AdyenEvent } from './adyen.webhooks.js';
import { invalid } from './adyen.error.js';

interface Parts {
  name: string;
  clock: Clock;
  timers: Timers;
  random: Random;
  authorizationValidForMs: number;
  /** How long a modification takes from being received to being carried out. */
  decidesAfterMs: number;
  cards: AdyenCards;
  /** Where a buyer confirms a payment. */
  redirectUrlOf: (pspReference: string) => string;
  notify: (event: AdyenEvent) => void;
  /** Told of every change of a payment's status, for the reports. */
  book: (booking: Booking) => void;
}

/** Who asks for a change of a payment, under which of its names. */
interface Asked {
  reference: string | undefined;
  idempotencyKey: string;
}

/** What a payment is, and what becomes of it: authorized at once, changed later. Amounts as Adyen counts them. */
export class AdyenPayments {
  readonly books: Books;
  private readonly pending = new Set<() => void>();
  /** The name that the next refund gets in the books: that of the request for it. */
  private refundReference = '';

  constructor(private readonly parts: Parts) {
    const { name, clock, authorizationValidForMs } = parts;
    this.books = new Books(name, {
      clock,
      authorizationValidForMs,
      newId: (of) => (of === 'charge' ? this.newReference() : this.refundReference),
      issuer: { declineOf, refundPlanOf },
    });
  }

  authorize(request: PaymentRequest, idempotencyKey: string): object {
    const { amount, reference, shopperReference, storedPaymentMethodId } = request;
    const paymentMethod = this.parts.cards.behaviorNameOf(shopperReference, storedPaymentMethodId);
    const charge = this.books.create({
      amount: amount.value,
      currency: amount.currency,
      paymentMethod,
      merchantReference: reference,
    });
    const { resultCode, riskScore } = behaviorOf(paymentMethod);
    const answer = { pspReference: charge.id, resultCode, merchantReference: reference };
    if (resultCode === 'RedirectShopper') {
      const url = this.parts.redirectUrlOf(charge.id);
      const action = { type: 'redirect', method: 'GET', paymentMethodType: 'scheme', url };
      return { ...answer, action };
    }
    if (resultCode === 'Pending') {
      this.later(this.parts.decidesAfterMs, () => this.confirm(charge, idempotencyKey, request));
      return answer;
    }
    this.confirm(charge, idempotencyKey, request);
    const { decline } = charge;
    return {
      ...answer,
      amount,
      ...(decline && { refusalReason: decline.message, refusalReasonCode: decline.code }),
      ...(riskScore !== undefined && {
        fraudResult: { accountScore: riskScore },
        additionalData: { fraudResultType: 'AMBER', fraudManualReview: 'true' },
      }),
    };
  }

  /** What the buyer did behind a redirect. Only the first time counts. */
  confirmRedirect(pspReference: string): { resultCode: string } {
    const charge = this.find(pspReference);
    if (charge.status === 'requires_confirmation') {
      this.confirm(charge, `redirect-${charge.id}`, { isCapturedManually: true });
    }
    return { resultCode: charge.status === 'declined' ? 'Refused' : 'Authorised' };
  }

  capture(paymentPspReference: string, amount: Amount, asked: Asked): object {
    const charge = this.find(paymentPspReference);
    return this.received({ paymentPspReference, amount }, asked, (pspReference) => {
      const reason = refusalOf(() => {
        demandCurrency(charge, amount);
        this.books.capture(charge, amount.value);
      });
      if (reason === undefined) {
        this.book('SentForSettle', charge, amount, { pspReference, asked });
      }
      this.notify('CAPTURE', { pspReference, charge, amount, asked, reason });
    });
  }

  cancel(paymentPspReference: string, asked: Asked): object {
    const charge = this.find(paymentPspReference);
    return this.received({ paymentPspReference }, asked, (pspReference) => {
      const reason = refusalOf(() => this.books.void(charge));
      if (reason === undefined) {
        this.book('Cancelled', charge, amountOf(charge), { pspReference, asked });
      }
      this.notify('CANCELLATION', { pspReference, charge, asked, reason });
    });
  }

  /** Lets go of what has arrived under our reference; what is still on its way is not stopped by it. */
  technicalCancel(paymentReference: string, asked: Asked): object {
    return this.received({ paymentReference }, asked, (pspReference) => {
      const found = this.books
        .withMerchantReference(paymentReference)
        .filter(({ status }) => status === 'authorized');
      for (const charge of found) {
        this.books.void(charge);
        this.book('Cancelled', charge, amountOf(charge), { pspReference, asked });
      }
      const [charge] = found;
      this.parts.notify({
        eventCode: 'TECHNICAL_CANCEL',
        success: charge !== undefined,
        pspReference,
        ...(charge && { originalReference: charge.id }),
        merchantReference: paymentReference,
        amount: charge ? amountOf(charge) : { value: 0, currency: 'EUR' },
        ...(!charge && { reason: 'No payment to cancel' }),
      });
    });
  }

  refund(paymentPspReference: string, amount: Amount, asked: Asked): object {
    const charge = this.find(paymentPspReference);
    return this.received({ paymentPspReference, amount }, asked, (pspReference) => {
      this.refundReference = pspReference;
      const reason = refusalOf(() => {
        demandCurrency(charge, amount);
        this.books.refund(charge, amount.value, asked.idempotencyKey);
      });
      const facts = { pspReference, charge, amount, asked };
      if (reason === undefined) {
        this.book('SentForRefund', charge, amount, { pspReference, asked });
      }
      this.notify('REFUND', { ...facts, reason });
      if (reason === undefined && behaviorOf(charge.paymentMethod).refund === 'failed_at_scheme') {
        const failure = 'Refund Failed';
        this.later(SCHEME_DECIDES_AFTER_MS, () => {
          this.book('RefundFailed', charge, amount, { pspReference, asked });
          this.notify('REFUND_FAILED', { ...facts, reason: failure, success: true });
        });
      }
    });
  }

  stop(): void {
    for (const cancel of this.pending) cancel();
    this.pending.clear();
  }

  private confirm(
    charge: Charge,
    idempotencyKey: string,
    { isCapturedManually }: Pick<PaymentRequest, 'isCapturedManually'>,
  ): void {
    this.books.confirm(charge, idempotencyKey);
    const { decline } = charge;
    this.book('Received', charge, amountOf(charge));
    this.book(decline ? 'Refused' : 'Authorised', charge, amountOf(charge));
    this.parts.notify({
      eventCode: 'AUTHORISATION',
      success: decline === undefined,
      pspReference: charge.id,
      merchantReference: charge.merchantReference,
      amount: amountOf(charge),
      reason: decline?.message ?? '123456:1111:03/2030',
    });
    if (decline) return;
    if (isCapturedManually)
      this.later(this.parts.authorizationValidForMs, () => this.expire(charge));
    else {
      this.later(this.parts.decidesAfterMs, () => {
        if (charge.status !== 'authorized') return;
        this.books.capture(charge, charge.amount);
        this.book('SentForSettle', charge, amountOf(charge));
      });
    }
  }

  private expire(charge: Charge): void {
    if (this.books.find(charge.id).status !== 'expired') return;
    this.book('Expired', charge, amountOf(charge));
    this.parts.notify({
      eventCode: 'EXPIRE',
      success: true,
      pspReference: charge.id,
      merchantReference: charge.merchantReference,
      amount: amountOf(charge),
    });
  }

  private find(pspReference: string): Charge {
    try {
      return this.books.find(pspReference);
    } catch {
      throw invalid('167', 'Original pspReference required for this operation');
    }
  }

  private received(
    what: object,
    { reference }: Asked,
    carryOut: (pspReference: string) => void,
  ): object {
    const pspReference = this.newReference();
    this.later(this.parts.decidesAfterMs, () => carryOut(pspReference));
    return {
      ...what,
      ...(reference !== undefined && { reference }),
      pspReference,
      status: 'received',
    };
  }

  private notify(
    eventCode: string,
    facts: {
      pspReference: string;
      charge: Charge;
      asked: Asked;
      amount?: Amount;
      reason: string | undefined;
      success?: boolean;
    },
  ): void {
    const { pspReference, charge, asked, amount = amountOf(charge), reason } = facts;
    this.parts.notify({
      eventCode,
      success: facts.success ?? reason === undefined,
      pspReference,
      originalReference: charge.id,
      merchantReference: asked.reference ?? charge.merchantReference,
      amount,
      ...(reason !== undefined && { reason }),
    });
  }

  private book(
    recordType: string,
    { id, merchantReference }: Charge,
    amount: Amount,
    change?: { pspReference: string; asked: Asked },
  ): void {
    this.parts.book({
      ...{ recordType, pspReference: id, merchantReference, amount },
      ...(change && {
        modification: {
          pspReference: change.pspReference,
          reference: change.asked.reference ?? merchantReference,
        },
      }),
    });
  }

  private later(delayMs: number, fire: () => void): void {
    const cancel = this.parts.timers.after(delayMs, () => {
      this.pending.delete(cancel);
      fire();
    });
    this.pending.add(cancel);
  }

  /** Sixteen characters, as Adyen's are. */
  private newReference(): string {
    return this.parts.random.bytes(8).toString('hex').toUpperCase();
  }
}

const amountOf = ({ amount: value, currency }: Charge): Amount => ({ value, currency });

/** Why it was not carried out; undefined when it was. */
function refusalOf(carryOut: () => void): string | undefined {
  try {
    carryOut();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

function demandCurrency({ currency }: Charge, amount: Amount): void {
  if (currency === amount.currency) return;
  throw new Refusal(400, 'currency_mismatch', 'The currency is not that of the authorisation.');
}

import type {
  CardDetails,
  PaymentCancelRequest,
  PaymentCaptureRequest,
  PaymentMethodToStore,
  PaymentRefundRequest,
  PaymentRequest,
  StandalonePaymentCancelRequest,
  StoredPaymentMethodRequest,
  ThreeDSRequestData,
} from '@adyen/api-library/lib/src/typings/checkout/models.js';
import type { Card } from '../card.js';
import type { AttemptOrder } from '../processor.port.js';
import { isReference, type AdyenAmount } from './adyen.values.js';

/** What Adyen knows a stored card by. It keeps cards per shopper, so a token has to name both. */
export interface StoredCard {
  shopperReference: string;
  storedPaymentMethodId: string;
}

/** `<shopper>.<stored payment method>`; undefined for a token that this connector did not make. */
export function storedCardOf(token: string): StoredCard | undefined {
  const [shopperReference, storedPaymentMethodId, ...more] = token.split('.');
  const readable =
    isReference(shopperReference) && isReference(storedPaymentMethodId) && more.length === 0;
  return readable && shopperReference.length >= 3
    ? { shopperReference, storedPaymentMethodId }
    : undefined;
}

export const tokenOf = ({ shopperReference, storedPaymentMethodId }: StoredCard) =>
  `${shopperReference}.${storedPaymentMethodId}`;

interface Sender {
  merchantAccount: string;
  returnUrl: string;
}

const SCHEME = 'scheme' as CardDetails.TypeEnum;

/** Nobody sits in front of it: a stored card, charged by an agent. Where a buyer is needed after all, by redirect. */
export const paymentRequestOf = (
  { key }: AttemptOrder,
  amount: AdyenAmount,
  { shopperReference, storedPaymentMethodId }: StoredCard,
  { merchantAccount, returnUrl }: Sender,
): PaymentRequest => ({
  merchantAccount,
  amount,
  reference: key,
  paymentMethod: { type: SCHEME, storedPaymentMethodId },
  shopperReference,
  shopperInteraction: 'ContAuth' as PaymentRequest.ShopperInteractionEnum,
  recurringProcessingModel: 'UnscheduledCardOnFile' as PaymentRequest.RecurringProcessingModelEnum,
  additionalData: { manualCapture: 'true' },
  authenticationData: {
    threeDSRequestData: { nativeThreeDS: 'disabled' as ThreeDSRequestData.NativeThreeDSEnum },
  },
  returnUrl,
});

/** The attempt's key is the reference of its modifications, too, so that every notification carries it. */
export const captureRequestOf = (
  { key }: AttemptOrder,
  amount: AdyenAmount,
  { merchantAccount }: Sender,
): PaymentCaptureRequest => ({ merchantAccount, amount, reference: key });

export const cancelRequestOf = (
  { key }: AttemptOrder,
  { merchantAccount }: Sender,
): PaymentCancelRequest => ({ merchantAccount, reference: key });

/** A technical cancel: for a payment whose name at Adyen was never received. */
export const technicalCancelRequestOf = (
  { key }: AttemptOrder,
  { merchantAccount }: Sender,
): StandalonePaymentCancelRequest => ({ merchantAccount, paymentReference: key, reference: key });

export const refundRequestOf = (
  refundKey: string,
  amount: AdyenAmount,
  { merchantAccount }: Sender,
): PaymentRefundRequest => ({ merchantAccount, amount, reference: refundKey });

/** The only place where a card is written out; the text goes to Adyen and nowhere else. */
export const storeCardRequestOf = (
  card: Card,
  shopperReference: string,
  { merchantAccount }: Sender,
): StoredPaymentMethodRequest => ({
  merchantAccount,
  shopperReference,
  recurringProcessingModel:
    'UnscheduledCardOnFile' as StoredPaymentMethodRequest.RecurringProcessingModelEnum,
  paymentMethod: cardToStore(card),
});

const cardToStore = ({ number, expMonth, expYear, cvc }: Card): PaymentMethodToStore => ({
  type: 'scheme',
  number,
  expiryMonth: String(expMonth).padStart(2, '0'),
  expiryYear: String(expYear),
  ...(cvc !== undefined && { cvc }),
});

import { adyenDecimals } from './adyen.currencies.js';
import type { CardToStore } from './adyen.cards.js';
import { invalid, ServiceError } from './adyen.error.js';

/** What requests must be; everything else is refused as Adyen refuses it. */

export interface Amount {
  value: number;
  currency: string;
}

export interface PaymentRequest {
  amount: Amount;
  reference: string;
  shopperReference: string;
  storedPaymentMethodId: string;
  isCapturedManually: boolean;
}

type Fields = Record<string, unknown>;

const PAYMENT_FIELDS = [
  'additionalData',
  'amount',
  'authenticationData',
  'merchantAccount',
  'paymentMethod',
  'recurringProcessingModel',
  'reference',
  'returnUrl',
  'shopperInteraction',
  'shopperReference',
];

export function paymentOf(body: unknown, merchantAccount: string): PaymentRequest {
  const fields = fieldsOf(body, PAYMENT_FIELDS, merchantAccount);
  const { additionalData, paymentMethod, returnUrl, recurringProcessingModel } = fields;
  if (typeof returnUrl !== 'string') throw invalid('14_030', 'Return URL is missing.');
  const method = objectOf(paymentMethod, 'paymentMethod');
  if (method.type !== 'scheme') throw invalid('14_006', "Required object 'paymentMethod' is wrong");
  if (typeof recurringProcessingModel !== 'string') {
    throw invalid('14_0439', 'The recurringProcessingModel is required with stored details');
  }
  return {
    amount: amountOf(fields),
    reference: referenceOf(fields),
    shopperReference: shopperOf(fields),
    storedPaymentMethodId: textOf(method, 'storedPaymentMethodId', '803'),
    isCapturedManually: objectOf(additionalData ?? {}, 'additionalData').manualCapture === 'true',
  };
}

export function captureOrRefundOf(body: unknown, merchantAccount: string) {
  const fields = fieldsOf(body, ['amount', 'merchantAccount', 'reference'], merchantAccount);
  return { amount: amountOf(fields), reference: optionalReferenceOf(fields) };
}

export function cancelOf(body: unknown, merchantAccount: string) {
  const fields = fieldsOf(body, ['merchantAccount', 'reference'], merchantAccount);
  return { reference: optionalReferenceOf(fields) };
}

export function technicalCancelOf(body: unknown, merchantAccount: string) {
  const known = ['merchantAccount', 'paymentReference', 'reference'];
  const fields = fieldsOf(body, known, merchantAccount);
  return {
    paymentReference: textOf(fields, 'paymentReference', '130'),
    reference: optionalReferenceOf(fields),
  };
}

const STORE_FIELDS = [
  'merchantAccount',
  'paymentMethod',
  'recurringProcessingModel',
  'shopperReference',
];

export function cardOf(
  body: unknown,
  merchantAccount: string,
): { shopperReference: string; card: CardToStore } {
  const fields = fieldsOf(body, STORE_FIELDS, merchantAccount);
  const method = objectOf(fields.paymentMethod, 'paymentMethod');
  const expiryMonth = textOf(method, 'expiryMonth', '129');
  const expiryYear = textOf(method, 'expiryYear', '129');
  if (!/^(0[1-9]|1[0-2])$/.test(expiryMonth) || !/^20\d\d$/.test(expiryYear)) {
    throw invalid('129', 'Expiry Date Invalid');
  }
  const number = textOf(method, 'number', '101');
  return { shopperReference: shopperOf(fields), card: { number, expiryMonth, expiryYear } };
}

function fieldsOf(body: unknown, known: readonly string[], merchantAccount: string): Fields {
  const fields = objectOf(body, 'body');
  const unknown = Object.keys(fields).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    throw new ServiceError(400, '702', 'validation', `Unexpected input: ${unknown.slice(0, 40)}`);
  }
  if (fields.merchantAccount !== merchantAccount) {
    throw new ServiceError(403, '901', 'security', 'Invalid Merchant Account');
  }
  return fields;
}

function objectOf(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ServiceError(400, '702', 'validation', `Required object '${name}' is not provided`);
}

function amountOf(fields: Fields): Amount {
  const { value, currency } = objectOf(fields.amount, 'amount');
  if (typeof currency !== 'string' || adyenDecimals(currency) === undefined) {
    throw invalid('138', 'Unsupported currency specified');
  }
  if (!Number.isSafeInteger(value) || Number(value) <= 0) {
    throw invalid('137', 'Invalid amount specified');
  }
  return { value: Number(value), currency };
}

const REFERENCE_LENGTH_MAX = 80;

function referenceOf(fields: Fields): string {
  const reference = textOf(fields, 'reference', '130');
  if (reference.length > REFERENCE_LENGTH_MAX) throw invalid('131', 'Reference too long');
  return reference;
}

const optionalReferenceOf = (fields: Fields) =>
  fields.reference === undefined ? undefined : referenceOf(fields);

function shopperOf(fields: Fields): string {
  const shopper = textOf(fields, 'shopperReference', '000');
  if (shopper.length < 3) throw invalid('000', 'The shopperReference is too short');
  return shopper;
}

function textOf(fields: Fields, name: string, errorCode: string): string {
  const { [name]: text } = fields;
  if (typeof text === 'string' && text !== '' && text.length <= 256) return text;
  throw invalid(errorCode, `Required field '${name}' is not provided`);
}

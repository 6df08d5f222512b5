import type { Outcome, ProcessorRisk, RefundOutcome } from '#domain';
import { HttpTransportError, type HttpResponse } from '#platform';
import { fromProcessorAmount } from '../minor-units.js';
import type { AttemptOrder, ProvisionOutcome } from '../processor.port.js';
import { ADYEN_MINOR_UNITS } from './adyen.capabilities.js';
import { refusalOf } from './adyen.refusals.js';
import {
  amountOf,
  isCode,
  isObject,
  isReference,
  parseJson,
  textOf,
  type AdyenAmount,
} from './adyen.values.js';

/** Pure: what every answer of the Checkout API means. README.md explains each row. */

type Declined = Extract<Outcome, { kind: 'declined' }>;
type Accepted = Extract<Outcome, { kind: 'accepted' }>;
type NotExecuted = Extract<Outcome, { kind: 'not_executed' }>;
type Unknown = Extract<Outcome, { kind: 'unknown' }>;

/** What was sent, and what an answer must echo. */
export interface Sent {
  idempotencyKey: string;
  merchantAccount: string;
}

type Reading = 'authorized' | 'refused' | 'buyer' | { unknown: string };

/** All result codes of Checkout v71. */
const RESULT_CODES: Readonly<Record<string, Reading>> = {
  Authorised: 'authorized',
  Refused: 'refused',
  /** Final: canceled before it was processed. */
  Cancelled: 'refused',
  /** Final: processing failed, for the reason given. */
  Error: 'refused',
  RedirectShopper: 'buyer',
  ChallengeShopper: 'buyer',
  IdentifyShopper: 'buyer',
  PresentToShopper: 'buyer',
  /** A hold of less than was asked for; the rest of the world knows nothing of it. */
  PartiallyAuthorised: { unknown: 'partially_authorised' },
  /** The end comes as a notification. */
  Pending: { unknown: 'pending' },
  Received: { unknown: 'received' },
  /** Answers to something that is never asked for here. */
  AuthenticationFinished: { unknown: 'authentication_only' },
  AuthenticationNotRequired: { unknown: 'authentication_only' },
  Success: { unknown: 'unexpected_result' },
};

export const KNOWN_RESULT_CODES: readonly string[] = Object.keys(RESULT_CODES);

/** Statuses that the specification documents for requests that were refused. */
const REJECTED_STATUSES = new Set([400, 401, 403, 404, 422]);
/** Kinds of errors found before anything is executed; `internal` is none of them. */
const REJECTED_TYPES = new Set(['validation', 'security', 'configuration']);
/** 703: the store of the keys is down. 704: the first request with the key is still running. */
const KEY_IN_DOUBT = new Set(['703', '704']);

/** The answer to `POST /payments`. */
export function authorizationOutcomeOf(
  order: AttemptOrder,
  response: HttpResponse,
  sent: Sent,
): Outcome {
  if (!isAnswer(response)) return errorOutcomeOf(response);
  const body = parseJson(response.body);
  if (!isObject(body)) return unknown('unreadable_answer');
  if (!isOurs(response, body, order.key, sent)) return unknown('echo_mismatch');
  const { resultCode } = body;
  const reading =
    typeof resultCode === 'string' && Object.hasOwn(RESULT_CODES, resultCode)
      ? RESULT_CODES[resultCode]
      : undefined;
  if (reading === undefined) return unknown('unexpected_result');
  if (typeof reading === 'object') return unknown(reading.unknown);
  switch (reading) {
    case 'authorized':
      return authorizedOutcomeOf(order, body);
    case 'refused':
      return refusedOutcomeOf(body);
    case 'buyer':
      return buyerOutcomeOf(order, body);
  }
}

/** The answer to a capture, which only says that it was received. */
export function captureOutcomeOf(
  order: AttemptOrder,
  response: HttpResponse,
  sent: Sent,
): Accepted | NotExecuted | Unknown {
  const received = receivedOf(response, order.key, sent);
  if ('kind' in received) return received;
  const { body } = received;
  return body.paymentPspReference === order.reference && echoesAmount(body.amount, order)
    ? { kind: 'accepted', reference: order.reference as string }
    : unknown('echo_mismatch');
}

/** The answer to a cancel, by Adyen's name for the payment or by ours. It names no amount: all of the hold is let go. */
export function voidOutcomeOf(
  order: AttemptOrder,
  response: HttpResponse,
  sent: Sent,
): Accepted | NotExecuted | Unknown {
  const received = receivedOf(response, order.key, sent);
  if ('kind' in received) return received;
  const { paymentPspReference, paymentReference } = received.body;
  const named =
    paymentPspReference === undefined
      ? paymentReference === order.key
      : paymentPspReference === order.reference;
  return named
    ? { kind: 'accepted', reference: order.reference ?? order.key }
    : unknown('echo_mismatch');
}

/** The answer to a refund; the reference is that of the refund. */
export function refundOutcomeOf(
  order: AttemptOrder,
  refundKey: string,
  response: HttpResponse,
  sent: Sent,
): RefundOutcome {
  const received = receivedOf(response, refundKey, sent);
  if ('kind' in received) return received;
  const { body, reference } = received;
  const known = order.refund?.reference;
  const echoed =
    body.paymentPspReference === order.reference &&
    (known === undefined || known === reference) &&
    echoesAmount(body.amount, order);
  return echoed ? { kind: 'accepted', reference } : unknown('echo_mismatch');
}

/** The answer to storing a card. */
export function provisionOutcomeOf(
  response: HttpResponse,
  shopperReference: string,
  tokenOf: (storedPaymentMethodId: string) => string,
): ProvisionOutcome {
  const { status } = response;
  const body = parseJson(response.body);
  if (status === 201 && isObject(body)) {
    return isReference(body.id) && body.shopperReference === shopperReference
      ? { kind: 'provisioned', token: tokenOf(body.id) }
      : { kind: 'failed', evidence: 'unreadable_answer' };
  }
  const error = errorOf(response);
  const message = isObject(body) ? textOf(body.message) : undefined;
  // Few errors are about the card; all others are about us or about Adyen.
  return status === 422 && error.type === 'validation' && isCardError(error.code)
    ? { kind: 'declined', code: `error_${error.code}`, ...(message !== undefined && { message }) }
    : { kind: 'failed', evidence: evidenceOf(status, error.code) };
}

/** No answer came. */
export function outcomeOfTransportError(failure: unknown): NotExecuted | Unknown {
  if (!(failure instanceof HttpTransportError)) return unknown('connector_failed');
  return {
    kind: failure.phase === 'not_sent' ? 'not_executed' : 'unknown',
    evidence: failure.evidence,
  };
}

/** Whether the answer is one to read; 202 and 204 say that nothing has been decided. */
const isAnswer = ({ status }: HttpResponse) => status === 200 || status === 201;

/** Anything but a documented rejection may have been executed. */
function errorOutcomeOf(response: HttpResponse): NotExecuted | Unknown {
  const { status, headers } = response;
  const { code, type } = errorOf(response);
  const evidence = evidenceOf(status, code);
  const inDoubt =
    !REJECTED_STATUSES.has(status) ||
    (code !== undefined && KEY_IN_DOUBT.has(code)) ||
    headers['transient-error'] === 'true';
  if (inDoubt) return unknown(evidence);
  // Without credentials or a route nothing is executed, whoever says so and however.
  if (type === undefined && [401, 403, 404].includes(status)) {
    return { kind: 'not_executed', evidence };
  }
  return type !== undefined && REJECTED_TYPES.has(type)
    ? { kind: 'not_executed', evidence }
    : unknown(evidence);
}

function errorOf({ body }: HttpResponse): { code?: string; type?: string } {
  const error = parseJson(body);
  if (!isObject(error)) return {};
  const { errorCode, errorType } = error;
  return {
    ...(isCode(errorCode) && { code: errorCode }),
    ...(isCode(errorType) && { type: errorType }),
  };
}

/** What is echoed where it is echoed: our reference, and the key that the answer belongs to. */
function isOurs(
  { headers }: HttpResponse,
  body: Record<string, unknown>,
  ownReference: string,
  { idempotencyKey, merchantAccount }: Sent,
): boolean {
  const { merchantReference, reference = merchantReference, merchantAccount: account } = body;
  const key = headers['idempotency-key'];
  return (
    (reference === undefined || reference === ownReference) &&
    (merchantReference === undefined || merchantReference === ownReference) &&
    (account === undefined || account === merchantAccount) &&
    (key === undefined || key === idempotencyKey)
  );
}

function authorizedOutcomeOf(order: AttemptOrder, body: Record<string, unknown>): Outcome {
  const { pspReference, merchantReference } = body;
  const amount = amountOf(body.amount) ?? authorizedAmountOf(body.additionalData);
  if (!isReference(pspReference)) return unknown('unreadable_answer');
  // An approval that does not say of what is none: the notification does.
  if (amount === undefined || merchantReference === undefined) return unknown('echo_missing');
  if (order.reference !== undefined && order.reference !== pspReference) {
    return unknown('echo_mismatch');
  }
  if (!isMeant(amount, order)) return unknown('echo_mismatch');
  const risk = riskOf(body);
  return {
    kind: 'succeeded',
    reference: pspReference,
    amountMinor: order.amountMinor,
    currency: order.currency,
    ...(risk && { risk }),
  };
}

/** The same in another place, for accounts that show it there. */
function authorizedAmountOf(additionalData: unknown): AdyenAmount | undefined {
  if (!isObject(additionalData)) return undefined;
  const { authorisedAmountValue: value, authorisedAmountCurrency: currency } = additionalData;
  return typeof value === 'string' && /^\d{1,16}$/.test(value)
    ? amountOf({ value: Number(value), currency })
    : undefined;
}

function refusedOutcomeOf(body: Record<string, unknown>): Declined | Unknown {
  const { refusalReasonCode, pspReference } = body;
  if (!isCode(refusalReasonCode)) return unknown('unreadable_decline');
  const message = textOf(body.refusalReason);
  return {
    kind: 'declined',
    ...refusalOf(refusalReasonCode),
    ...(message !== undefined && { message }),
    ...(isReference(pspReference) && { reference: pspReference }),
  };
}

/** Without an address nobody can be sent anywhere. Until Adyen gives a name, ours is the payment's. */
function buyerOutcomeOf(order: AttemptOrder, body: Record<string, unknown>): Outcome {
  const url = isObject(body.action) ? addressOf(body.action.url) : undefined;
  if (url === undefined) return unknown('action_without_address');
  const { pspReference } = body;
  if (pspReference !== undefined && !isReference(pspReference)) return unknown('unreadable_answer');
  return { kind: 'action_required', reference: pspReference ?? order.key, url };
}

const ADDRESS_LENGTH_MAX = 8_000;

function addressOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > ADDRESS_LENGTH_MAX || !URL.canParse(value)) {
    return undefined;
  }
  const { href, protocol, username, password } = new URL(value);
  const plain = username === '' && password === '';
  return plain && (protocol === 'https:' || protocol === 'http:') ? href : undefined;
}

/** Adyen's score starts at 0 and blocks from 100. */
function riskOf({ fraudResult, additionalData }: Record<string, unknown>): ProcessorRisk | null {
  if (!isObject(fraudResult) || !Number.isSafeInteger(fraudResult.accountScore)) return null;
  const score = Math.min(100, Math.max(0, fraudResult.accountScore as number));
  const more = isObject(additionalData) ? additionalData : {};
  const level = ['GREEN', 'AMBER', 'RED'].find((each) => each === more.fraudResultType);
  if (level === 'RED') return { score, verdict: 'block', level: 'red' };
  const isReviewed = level === 'AMBER' || more.fraudManualReview === 'true';
  return { score, verdict: isReviewed ? 'review' : 'allow', level: level?.toLowerCase() ?? 'none' };
}

/** A modification that was received for what was meant, or what else the answer says. */
function receivedOf(
  response: HttpResponse,
  ownReference: string,
  sent: Sent,
): { body: Record<string, unknown>; reference: string } | NotExecuted | Unknown {
  if (!isAnswer(response)) return errorOutcomeOf(response);
  const body = parseJson(response.body);
  if (!isObject(body)) return unknown('unreadable_answer');
  const { status, pspReference, merchantAccount } = body;
  if (status !== 'received' || !isReference(pspReference)) return unknown('unreadable_answer');
  return merchantAccount === sent.merchantAccount && isOurs(response, body, ownReference, sent)
    ? { body, reference: pspReference }
    : unknown('echo_mismatch');
}

function echoesAmount(value: unknown, order: AttemptOrder): boolean {
  const amount = amountOf(value);
  return amount !== undefined && isMeant(amount, order);
}

const isMeant = ({ value, currency }: AdyenAmount, order: AttemptOrder) =>
  currency === order.currency &&
  fromProcessorAmount(value, currency, { minorUnits: ADYEN_MINOR_UNITS }) === order.amountMinor;

/** 101 invalid number, 102 unknown kind of card, 103 security code, 129 expiry date, 140 expiry year. */
const CARD_ERRORS = new Set(['101', '102', '103', '129', '140']);

const isCardError = (code: string | undefined) => code !== undefined && CARD_ERRORS.has(code);

const evidenceOf = (status: number, code: string | undefined) =>
  code === undefined ? `http_${status}` : `http_${status}:${code}`;

const unknown = (evidence: string): Unknown => ({ kind: 'unknown', evidence });

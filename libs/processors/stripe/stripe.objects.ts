import type { Outcome, ProcessorRisk } from '#domain';
import { fromStripeAmount } from './stripe.capabilities.js';
import { categoryOf } from './stripe.declines.js';

/** Pure: Stripe's objects as far as they are read, each field checked. What does not fit is undefined, never believed. */

/** Metadata that carries our keys, so that an object can be told to be the one that was meant. */
export const ATTEMPT_KEY = 'attempt_key';
export const REFUND_KEY = 'refund_key';

export type Decline = Extract<Outcome, { kind: 'declined' }>;

export interface Intent {
  id: string;
  status: string;
  /** ISO 4217 minor units and an upper-case code, like every amount here. */
  amountMinor: number;
  capturableMinor: number;
  receivedMinor: number;
  currency: string;
  attemptKey: string | null;
  /** Why the last confirmation failed. */
  decline: Omit<Decline, 'reference'> | undefined;
  /** Where the buyer has something to do. */
  actionUrl: string | undefined;
  charge: IntentCharge;
}

/** `held`: the last charge got the issuer's yes, whatever became of it; null when only its name was told. */
export interface IntentCharge {
  id: string | null;
  held: boolean | null;
  risk: ProcessorRisk | undefined;
}

export interface Refund {
  id: string;
  intent: string | null;
  status: string;
  amountMinor: number;
  currency: string;
  attemptKey: string | null;
  refundKey: string | null;
  failureReason: string | undefined;
}

export interface ApiError {
  type: string | undefined;
  code: string | undefined;
  param: string | undefined;
  /** Stripe's own words. */
  message: string | undefined;
  decline: Omit<Decline, 'reference'> | undefined;
  intent: Intent | undefined;
}

export function intentOf(value: unknown): Intent | undefined {
  if (!isObject(value) || value.object !== 'payment_intent') return undefined;
  const currency = currencyOf(value.currency);
  const { id, status, next_action: action } = value;
  if (!isId(id) || !isCode(status) || currency === undefined) return undefined;
  const amountMinor = minorOf(value.amount, currency);
  const capturableMinor = minorOf(value.amount_capturable ?? 0, currency);
  const receivedMinor = minorOf(value.amount_received ?? 0, currency);
  if (amountMinor === undefined || capturableMinor === undefined || receivedMinor === undefined) {
    return undefined;
  }
  return {
    ...{ id, status, amountMinor, capturableMinor, receivedMinor, currency },
    attemptKey: metadataOf(value, ATTEMPT_KEY),
    decline: declineOf(value.last_payment_error),
    actionUrl: actionUrlOf(action),
    charge: intentChargeOf(value.latest_charge),
  };
}

export function refundOf(value: unknown): Refund | undefined {
  if (!isObject(value) || value.object !== 'refund') return undefined;
  const currency = currencyOf(value.currency);
  const { id, status, failure_reason: reason } = value;
  if (!isId(id) || !isCode(status) || currency === undefined) return undefined;
  const amountMinor = minorOf(value.amount, currency);
  if (amountMinor === undefined) return undefined;
  return {
    ...{ id, status, amountMinor, currency },
    intent: referenceOf(value.payment_intent),
    attemptKey: metadataOf(value, ATTEMPT_KEY),
    refundKey: metadataOf(value, REFUND_KEY),
    failureReason: isCode(reason) ? reason : undefined,
  };
}

/** The `error` of an answer. */
export function apiErrorOf(body: unknown): ApiError {
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  const { type, code, param, message } = error;
  return {
    type: isCode(type) ? type : undefined,
    code: isCode(code) ? code : undefined,
    param: isCode(param) ? param : undefined,
    message: typeof message === 'string' ? readable(message) : undefined,
    decline: type === 'card_error' ? declineOf(error) : undefined,
    intent: intentOf(error.payment_intent),
  };
}

/** An error about a card. The decline code says more than the code, where there is one. */
export function declineOf(value: unknown): Omit<Decline, 'reference'> | undefined {
  if (!isObject(value)) return undefined;
  const { code, decline_code: declineCode, advice_code: advice, message } = value;
  const known = isCode(declineCode) ? declineCode : code;
  if (!isCode(known)) return undefined;
  return {
    kind: 'declined',
    category: categoryOf(known, isCode(advice) ? advice : undefined),
    code: known,
    ...(typeof message === 'string' ? { message: readable(message) } : {}),
  };
}

/** The name of an object that is told by its name, or whole when it was asked for. */
export function referenceOf(value: unknown): string | null {
  if (isId(value)) return value;
  return isObject(value) && isId(value.id) ? value.id : null;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Ids become parts of addresses and our references, so they are words and nothing else. */
export const isId = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_]{1,100}$/.test(value);

/** Codes reach the audit and route decisions. */
export const isCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z0-9_]{1,64}$/.test(value);

export const currencyOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[a-z]{3}$/.test(value) ? value.toUpperCase() : undefined;

export const minorOf = (value: unknown, currency: string): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? fromStripeAmount(value, currency)
    : undefined;

export function metadataOf(value: Record<string, unknown>, key: string): string | null {
  const found = isObject(value.metadata) ? value.metadata[key] : undefined;
  return typeof found === 'string' && /^[\x21-\x7e]{1,100}$/.test(found) ? found : null;
}

const MESSAGE_LENGTH_MAX = 300;

/** Someone else's words: short, without control characters, and without anything that could be a card's number. */
export const readable = (text: string): string =>
  text
    .slice(0, MESSAGE_LENGTH_MAX)
    .replace(/\p{C}/gu, ' ')
    .replace(/\d(?:[ -]?\d){11,}/g, '[number]');

function actionUrlOf(action: unknown): string | undefined {
  const redirect = isObject(action) ? action.redirect_to_url : undefined;
  const url = isObject(redirect) ? redirect.url : undefined;
  if (typeof url !== 'string' || url.length > 2_000 || !URL.canParse(url)) return undefined;
  return ['https:', 'http:'].includes(new URL(url).protocol) ? url : undefined;
}

function intentChargeOf(value: unknown): IntentCharge {
  const whole = isObject(value) ? value : undefined;
  return {
    id: referenceOf(value),
    held: whole ? whole.status === 'succeeded' : null,
    risk: whole ? riskOf(whole.outcome) : undefined,
  };
}

const VERDICTS: Readonly<Record<string, ProcessorRisk['verdict']>> = {
  normal: 'allow',
  elevated: 'review',
  highest: 'block',
};

/** Radar's opinion. A payment it placed in review is one, whatever its level. */
function riskOf(outcome: unknown): ProcessorRisk | undefined {
  if (!isObject(outcome)) return undefined;
  const { risk_level: level, risk_score: score, type } = outcome;
  const inReview = type === 'manual_review';
  const verdict = isCode(level) && Object.hasOwn(VERDICTS, level) ? VERDICTS[level] : undefined;
  if (!isCode(level) || (verdict === undefined && !inReview)) return undefined;
  const scored = typeof score === 'number' && Number.isInteger(score) && score >= 0 && score <= 100;
  return {
    score: scored ? score : null,
    verdict: verdict === 'block' ? 'block' : inReview ? 'review' : (verdict ?? 'review'),
    level,
  };
}

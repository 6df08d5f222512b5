import { amountOf, isObject, isReference, type AdyenAmount } from './adyen.values.js';

/** One item of a standard webhook. The signature covers the first eight fields and nothing else. */
export interface NoticeItem {
  pspReference: string;
  /** Adyen's name for the payment that a modification or a dispute is about; empty where there is none. */
  originalReference: string;
  merchantAccountCode: string;
  merchantReference: string;
  amount: AdyenAmount;
  eventCode: string;
  success: 'true' | 'false';
  /** Not signed, like all below: no decision rests on it. */
  atMs: number;
  reason: unknown;
  additionalData: Record<string, unknown>;
  /** Base64; empty when there is none. */
  signature: string;
}

/** Undefined when a field that every item has is missing or of another kind. */
export function noticeItemOf(value: unknown): NoticeItem | undefined {
  if (!isObject(value)) return undefined;
  const { pspReference, originalReference = '', merchantAccountCode, merchantReference } = value;
  const { eventCode, eventDate } = value;
  const amount = amountOf(value.amount);
  const success = String(value.success);
  const atMs = typeof eventDate === 'string' ? Date.parse(eventDate) : NaN;
  const additionalData = isObject(value.additionalData) ? value.additionalData : {};
  const { hmacSignature: signature = '' } = additionalData;
  const readable =
    isName(pspReference) &&
    (originalReference === '' || isReference(originalReference)) &&
    isPart(merchantAccountCode) &&
    isText(merchantReference) &&
    amount !== undefined &&
    typeof eventCode === 'string' &&
    /^[A-Z_]{1,64}$/.test(eventCode) &&
    (success === 'true' || success === 'false') &&
    Math.abs(atMs) < EPOCH_MS_MAX &&
    typeof signature === 'string';
  if (!readable) return undefined;
  return {
    ...{ pspReference, originalReference, merchantAccountCode, merchantReference, amount },
    ...{ eventCode, success, atMs, reason: value.reason, additionalData, signature },
  };
}

/** The text that is signed. Only our own reference may hold a colon, so no other fields give the same text. */
export const signedTextOf = (item: NoticeItem): string =>
  [
    item.pspReference,
    item.originalReference,
    item.merchantAccountCode,
    item.merchantReference,
    item.amount.value,
    item.amount.currency,
    item.eventCode,
    item.success,
  ].join(':');

/** The year 9999: later ones are no RFC 3339 any more. */
const EPOCH_MS_MAX = 253_402_300_800_000;

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 256;

/** Of what happened; of a report that is there, it is the file's. */
const isName = (value: unknown): value is string =>
  isReference(value) || (typeof value === 'string' && /^[\w-]{1,64}\.\w{1,8}$/.test(value));

const isPart = (value: unknown): value is string => isText(value) && !value.includes(':');

import type { Answer } from '#contracts';
import type { CardCall } from '../../gateway/card-road.port.js';
import type { NoticeReceipt, RawNotice } from '../../gateway/notice-road.port.js';

/** How the two ends of the roads talk: who brings something in a header, the card or the webhook as the bytes that came. */

export const CARDS_PATH = '/v1/payment_methods';
export const NOTICES_PATH = '/webhooks';
export const CALL_HEADER = 'x-bursar-call';
export const BODY_MAX_BYTES = 64 * 1024;
const CALL_CHARACTERS_MAX = 4_096;
/** Node takes 16 KiB of headers, and the names of those that came are among these. */
const NOTICE_CHARACTERS_MAX = 14_000;

export function callToHeader({ principal, path, idempotencyKey, traceId }: CardCall): string {
  const call: CardCall = { principal, path, idempotencyKey, traceId };
  return Buffer.from(JSON.stringify(call)).toString('base64url');
}

/** Null: it is none. Whoever sent it has shown a certificate, so what it says of the caller is believed. */
export function callFromHeader(header: string | string[] | undefined): CardCall | null {
  if (typeof header !== 'string' || header.length > CALL_CHARACTERS_MAX) return null;
  const call = parsed(
    Buffer.from(header, 'base64url').toString('utf8'),
  ) as Partial<CardCall> | null;
  const { principal, path, idempotencyKey, traceId } = call ?? {};
  const texts = [path, idempotencyKey, traceId, principal?.tenant, principal?.id, principal?.key];
  const isCall =
    texts.every((text) => typeof text === 'string') &&
    (principal?.role === 'agent' || principal?.role === 'operator');
  return isCall ? (call as CardCall) : null;
}

export function noticeToHeader({ processor, headers }: RawNotice): string {
  return Buffer.from(JSON.stringify({ processor, headers })).toString('base64url');
}

/** Null: it is none. */
export function noticeFromHeader(header: string | string[] | undefined): RawNotice | null {
  if (typeof header !== 'string' || header.length > NOTICE_CHARACTERS_MAX) return null;
  const text = Buffer.from(header, 'base64url').toString('utf8');
  const { processor, headers } = (parsed(text) ?? {}) as Partial<RawNotice>;
  const isNotice = typeof processor === 'string' && typeof headers === 'object' && headers;
  return isNotice ? { processor, headers } : null;
}

const RECEIPTS: readonly string[] = [
  'taken',
  'unknown_processor',
  'signature_invalid',
  'malformed',
] satisfies NoticeReceipt[];

/** Null: it is none. */
export function receiptFrom(text: string): NoticeReceipt | null {
  const { receipt } = (parsed(text) ?? {}) as { receipt?: NoticeReceipt };
  return receipt !== undefined && RECEIPTS.includes(receipt) ? receipt : null;
}

/** Null: it is none. */
export function answerFrom(text: string): Answer | null {
  const answer = parsed(text) as Partial<Answer> | null;
  const { status, body, headers } = answer ?? {};
  const isAnswer =
    Number.isInteger(status) && typeof body === 'string' && typeof headers === 'object' && headers;
  return isAnswer ? (answer as Answer) : null;
}

function parsed(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

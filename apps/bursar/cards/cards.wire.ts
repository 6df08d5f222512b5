import type { Answer } from '#contracts';
import type { CardCall } from '../../gateway/card-road.port.js';

/** How the two ends of the road of cards talk: who brings a card in a header, the card as the bytes that came. */

export const CARDS_PATH = '/v1/payment_methods';
export const CALL_HEADER = 'x-bursar-call';
export const CARD_BODY_MAX_BYTES = 64 * 1024;
const CALL_CHARACTERS_MAX = 4_096;

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

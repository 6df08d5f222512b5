import type { Answer } from './messages.js';

export interface AnswerFacts {
  /** Path of what the answer is about, for 201 and 202. */
  location?: string;
  /** True when these bytes were sent before. */
  replayed?: boolean;
}

/** An answer with the headers that follow from it: content type, `Retry-After` (whole seconds, from the problem's own figure). */
export function answer(
  { status, body }: Pick<Answer, 'status' | 'body'>,
  { location, replayed = false }: AnswerFacts = {},
): Answer {
  const retryAfter = status >= 400 ? retryAfterSeconds(body) : null;
  const headers: Record<string, string> = {
    'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
    ...(location !== undefined && { location }),
    ...(replayed && { 'idempotent-replayed': 'true' }),
    ...(retryAfter !== null && { 'retry-after': retryAfter }),
  };
  return { status, body, headers };
}

/** The `Retry-After` that agrees with a problem's `after_ms`; null when it has none. */
function retryAfterSeconds(body: string): string | null {
  const { retry } = JSON.parse(body) as { retry?: { after_ms?: number } };
  return retry?.after_ms === undefined ? null : String(Math.ceil(retry.after_ms / 1000));
}

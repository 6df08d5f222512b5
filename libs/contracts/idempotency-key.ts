export type IdempotencyKey =
  | { ok: true; key: string }
  | { ok: false; code: 'idempotency_key_required' | 'idempotency_key_invalid'; detail: string };

const LENGTH_MAX = 255;
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;
/** A string of RFC 9651: quotes around it, quotes and backslashes inside it escaped. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/** Reads the `Idempotency-Key` headers of one request, as they came: `"k"` and `k` are the same key. */
export function parseIdempotencyKey(headers: readonly string[]): IdempotencyKey {
  const [header, ...others] = headers;
  if (header === undefined) {
    const detail = 'This request needs an Idempotency-Key header.';
    return { ok: false, code: 'idempotency_key_required', detail };
  }
  if (others.length > 0) return invalid('The Idempotency-Key header was sent more than once.');
  const key = unquoted(header.trim());
  if (key === null) return invalid('The Idempotency-Key begins with a quote and does not end so.');
  if (key === '') return invalid('The Idempotency-Key is empty.');
  if (key.length > LENGTH_MAX) return invalid('The Idempotency-Key has more than 255 characters.');
  if (!PRINTABLE_ASCII.test(key))
    return invalid('The Idempotency-Key has characters other than printable ASCII.');
  return { ok: true, key };
}

function unquoted(header: string): string | null {
  if (!header.startsWith('"')) return header;
  const inner = QUOTED.exec(header)?.[1];
  return inner === undefined ? null : inner.replaceAll(/\\(["\\])/g, '$1');
}

function invalid(detail: string): IdempotencyKey {
  return { ok: false, code: 'idempotency_key_invalid', detail };
}

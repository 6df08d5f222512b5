import { createHash } from 'node:crypto';
import type { JsonRecord } from '#domain';
import { base32 } from './base32.js';

const ID_LENGTH = 26;

/**
 * The 26 characters that name what a request creates: the beginning of the lower-case base32 (RFC 4648) of the SHA-256 over
 * tenant, principal, method, path and idempotency key, each as UTF-8 after its length in 4 bytes, big-endian. An agent can
 * compute its payment's id before it asks.
 */
export function deriveId(...parts: string[]): string {
  return base32(digest(parts)).slice(0, ID_LENGTH);
}

/** What a principal's idempotency key is filed under, whatever it created: SHA-256 in hex over the same encoding. */
export function operationKeyHash(tenant: string, principal: string, key: string): string {
  return digest([tenant, principal, key]).toString('hex');
}

/** The stream in which a purchase is claimed: the same tenant, payee, order, amount and currency are the same purchase. */
export function purchaseId(tenant: string, request: JsonRecord): string {
  const { payee, order_reference, amount, currency } = request;
  const { id } = payee as { id: string };
  return deriveId(
    'purchase',
    tenant,
    id,
    String(order_reference),
    String(amount),
    String(currency),
  );
}

function digest(parts: readonly string[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash.digest();
}

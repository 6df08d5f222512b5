import { createHash, randomUUID } from 'node:crypto';
import type { Credentials, PaymentRequest, Remedy } from './contract.types.js';

/** A small purchase that nobody made before. */
export function purchase(changes: Partial<PaymentRequest> = {}): PaymentRequest {
  return {
    amount: 1200,
    currency: 'USD',
    payee: { id: 'acme-books' },
    payment_method: 'pm_sandbox_visa',
    order_reference: `PO-${randomUUID()}`,
    ...changes,
  };
}

/** The id that a payment gets, computed from what the agent knows before it asks. */
export function paymentIdOf(
  credentials: Pick<Credentials, 'tenant'>,
  agent: string,
  idempotencyKey: string,
): string {
  const hash = createHash('sha256');
  for (const part of [credentials.tenant, agent, 'POST', '/v1/payment_intents', idempotencyKey]) {
    const bytes = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return `pi_${base32(hash.digest()).slice(0, 26)}`;
}

function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

/** Executes the patch of a remedy as given, on a request's top-level members. */
export function patched(request: PaymentRequest, remedy: Remedy): PaymentRequest {
  const result: Record<string, unknown> = { ...request };
  for (const { op, path, value } of remedy.patch ?? []) {
    const member = path.slice(1);
    if (op === 'remove') delete result[member];
    else result[member] = value;
  }
  return result as unknown as PaymentRequest;
}

import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Random } from '#platform';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 1;
const HEAD_BYTES = 5;

/** A key and its number, which every ciphertext carries. */
export interface VersionedKey {
  version: number;
  key: Uint8Array;
}

/** It was sealed under another key or for another place, or it was changed. Says nothing about what is in it. */
export class UnsealableError extends Error {
  constructor() {
    super('a sealed value does not open here');
    this.name = 'UnsealableError';
  }
}

/**
 * AES-256-GCM under a fresh random 96-bit nonce. What is sealed opens only with the same key for the same `belongsTo`: the
 * version of the key is part of it. Layout: format, key version (4 bytes, big-endian), nonce, ciphertext, tag.
 */
export function seal(
  { version, key }: VersionedKey,
  belongsTo: readonly string[],
  plain: Uint8Array,
  random: Random,
): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(FORMAT);
  head.writeUInt32BE(version, 1);
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(head, belongsTo));
  return Buffer.concat([head, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** The version of the key that it was sealed under. @throws UnsealableError when it was not sealed here */
export function keyVersionOf(sealed: Uint8Array): number {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < HEAD_BYTES + NONCE_BYTES + TAG_BYTES || bytes[0] !== FORMAT)
    throw new UnsealableError();
  return bytes.readUInt32BE(1);
}

/** @throws UnsealableError */
export function unseal(
  { version, key }: VersionedKey,
  belongsTo: readonly string[],
  sealed: Uint8Array,
): Buffer {
  if (keyVersionOf(sealed) !== version) throw new UnsealableError();
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const nonce = bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associated(bytes.subarray(0, HEAD_BYTES), belongsTo));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const body = bytes.subarray(HEAD_BYTES + NONCE_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    throw new UnsealableError();
  }
}

/** Each part behind its length: no two lists of parts look the same. */
function associated(head: Uint8Array, belongsTo: readonly string[]): Buffer {
  const parts = belongsTo.flatMap((part) => {
    const bytes = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([head, ...parts]);
}

import { createHmac } from 'node:crypto';
import { base32, formatApiKey, hashKey } from '#contracts';

export interface IssuedKey {
  id: string;
  /** The whole key, as its owner gets it. */
  key: string;
  /** What is stored of it. */
  hash: string;
}

/**
 * Makes API keys, and the secrets of webhook endpoints, from the instance's secret: the same request gives the same key again, so its answer can be repeated byte
 * for byte although no key is ever stored.
 */
export class InstanceKeys {
  constructor(private readonly secret: Buffer) {
    if (secret.length < 32) throw new RangeError('the instance secret needs at least 32 bytes');
  }

  /** `seed` names what the key is for, for example the operation that asks for it. */
  issue(seed: string): IssuedKey {
    const id = this.derive('key-id', seed).slice(0, 16);
    const key = formatApiKey('test', id, this.derive('key-secret', id));
    return { id, key, hash: hashKey(key) };
  }

  /** What an endpoint's events are signed with: `whsec_` and 32 bytes in base64. `id` names the secret. */
  webhookSecret(id: string): string {
    return `whsec_${this.bytes('webhook-secret', id).toString('base64')}`;
  }

  private derive(purpose: string, input: string): string {
    return base32(this.bytes(purpose, input));
  }

  private bytes(purpose: string, input: string): Buffer {
    return createHmac('sha256', this.secret).update(`${purpose}\0${input}`).digest();
  }
}

/** Stands in a recorded answer where the key was shown. */
export function placeOfKey({ id }: IssuedKey): string {
  return `{{key:${id}}}`;
}

/** Shows one key and no other, whatever a caller wrote into its request. */
export function fillInKey(body: string, issued: IssuedKey): string {
  return body.replaceAll(placeOfKey(issued), issued.key);
}

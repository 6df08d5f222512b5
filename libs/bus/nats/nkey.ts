import { nkeys } from 'nats';

/** A name that proves itself: the server knows the public key, and only its owner the seed. */
export interface Nkey {
  publicKey: string;
  /** Secret. */
  seed: string;
}

export function newNkey(): Nkey {
  const pair = nkeys.createUser();
  return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
}

/** The key in a text that holds its seed, maybe between comments. @throws Error when it holds none */
export function nkeyIn(text: string): Nkey {
  const seed = /^SU[A-Z2-7]{40,}\s*$/m.exec(text)?.[0].trim();
  if (seed === undefined) throw new Error('there is no seed of an nkey');
  return { publicKey: nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey(), seed };
}

import type { Random } from '#platform';

/** Between half of the delay and all of it, so that those who failed together do not come back together. */
export function jittered(delayMs: number, random: Random): number {
  const share = random.bytes(4).readUInt32BE() / 2 ** 32;
  return delayMs * (0.5 + share / 2);
}

import { randomInt } from 'node:crypto';

export interface SeededRandom {
  readonly seed: number;
  /** 0 ≤ x < 1. */
  next(): number;
  /** One of the items, each as likely. */
  pick<T>(items: readonly T[]): T;
}

/** The seed of a run: what the environment variable says, or a new one. */
export function seedFrom(variable: string): number {
  const given = process.env[variable];
  return given === undefined ? randomInt(2 ** 31) : Number(given);
}

/** A small repeatable generator (xorshift32): good enough to shuffle faults, and the same on every machine. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return {
    seed,
    next,
    pick: <T>(items: readonly T[]) => items[Math.floor(next() * items.length)] as T,
  };
}

import { setTimeout as pause } from 'node:timers/promises';

export interface Deadline {
  withinMs?: number;
  everyMs?: number;
  /** What is awaited, for the message of the failure. */
  what?: string;
}

/**
 * Looks again and again until `satisfied`, and fails with the last value seen when the deadline passes. A look that throws
 * counts as "not yet".
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  satisfied: (value: T) => boolean,
  { withinMs = 30_000, everyMs = 25, what = 'the condition' }: Deadline = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: string;
  do {
    try {
      const value = await look();
      if (satisfied(value)) return value;
      last = `last seen: ${JSON.stringify(value, null, 2)}`;
    } catch (error) {
      last = `last failure: ${error instanceof Error ? error.message : String(error)}`;
    }
    await pause(everyMs);
  } while (performance.now() < deadline);
  throw new Error(`${what} did not come about within ${withinMs} ms; ${last}`);
}

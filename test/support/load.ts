export interface LoadResult {
  payments: number;
  seconds: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** Closed loop: `connections` callers, each sending its next request as soon as the last one is answered, `count` in all. */
export async function closedLoop(
  { connections, count }: { connections: number; count: number },
  send: () => Promise<void>,
): Promise<LoadResult> {
  const durations: number[] = [];
  let started = 0;
  const caller = async () => {
    while (started < count) {
      started += 1;
      const before = performance.now();
      await send();
      durations.push(performance.now() - before);
    }
  };
  const before = performance.now();
  await Promise.all(Array.from({ length: connections }, caller));
  const seconds = (performance.now() - before) / 1000;
  return {
    payments: durations.length,
    seconds,
    perSecond: durations.length / seconds,
    p50Ms: percentile(durations, 0.5),
    p99Ms: percentile(durations, 0.99),
  };
}

/** Nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** Runs `work` for every item, at most `width` at a time; results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

/**
 * Callers that each send one request after the other, until `killAfter` of them were answered and the server is killed under the
 * rest. Only the kill may cut a connection.
 */
export async function sendUntilKilled(
  { callers, killAfter, kill }: { callers: number; killAfter: number; kill: () => Promise<void> },
  send: () => Promise<void>,
): Promise<void> {
  let answered = 0;
  const death: { now: Promise<void> | null } = { now: null };
  const caller = async () => {
    while (!death.now) {
      try {
        await send();
        answered += 1;
      } catch (error) {
        if (!death.now) throw error;
      }
      if (answered >= killAfter) death.now ??= kill();
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  await death.now;
}

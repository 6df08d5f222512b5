const FIRST_MS = 5_000;
const FACTOR = 3;
const LONGEST_MS = 6 * 3_600_000;

/** How long an event is tried, and how long an endpoint may fail. */
export const WEBHOOK_PATIENCE_MS = 3 * 86_400_000;

/**
 * When an event is tried again whose try number `attempt` failed: after 5 s, then three times as long each time, up to 6 h, a quarter
 * more or less, and a last time when three days have passed since its first failure. Null: that was the last time.
 * `spread`: from 0 to 1, so that not everything that failed at once comes again at once.
 */
export function nextTryMs(
  sinceMs: number,
  nowMs: number,
  attempt: number,
  spread: number,
): number | null {
  const lastMs = sinceMs + WEBHOOK_PATIENCE_MS;
  if (nowMs >= lastMs) return null;
  const usualMs = Math.min(FIRST_MS * FACTOR ** Math.min(attempt - 1, 20), LONGEST_MS);
  const delayMs = Math.round(usualMs * (0.75 + 0.5 * Math.min(Math.max(spread, 0), 1)));
  return Math.min(nowMs + delayMs, lastMs);
}

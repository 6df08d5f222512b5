import type { ReservationOperation } from './outcome.js';
import type { MoneyOperation, Rung } from './payment-intent.events.js';

/** What the ladder needs to know about the attempt. Instants in epoch milliseconds. */
export interface Uncertain {
  operation: MoneyOperation;
  fence: boolean;
  lookUp: boolean;
  keySafeUntilMs: number;
}

const FIRST_DELAY_MS = 200;
/** While an outage is young, an answer must follow its end within seconds … */
const DELAY_MAX_MS = 5_000;
/** … and after ten minutes of asking a slower pace keeps the stream short. */
const PATIENT_AFTER_PROBES = 120;
const PATIENT_DELAY_MS = 30_000;

/** How long to wait before probe number `probe` (from 1). */
export function probeDelayMs(probe: number): number {
  if (probe > PATIENT_AFTER_PROBES) return PATIENT_DELAY_MS;
  return Math.min(FIRST_DELAY_MS * 2 ** (probe - 1), DELAY_MAX_MS);
}

/**
 * The next try to learn what became of an operation, or null when none is left and a human must look. Re-sending the same key
 * is first, because a processor that comes back finishes the payment; a look-up and, where there is one, the fence
 * follow in turn. Capture, void and refund are never fenced: they stay with their processor.
 */
export function nextProbe(
  attempt: Uncertain,
  probe: number,
  nowMs: number,
): { rung: Rung; dueAtMs: number } | null {
  const dueAtMs = nowMs + probeDelayMs(probe);
  if (dueAtMs >= attempt.keySafeUntilMs) return null;
  const rungs: Rung[] = ['resend'];
  if (attempt.lookUp) rungs.push('look_up');
  if (attempt.fence && attempt.operation === 'authorize') rungs.push('resend', 'fence');
  return { rung: rungs[(probe - 1) % rungs.length] as Rung, dueAtMs };
}

const SETTLING_FIRST_MS = 500;
const SETTLING_MAX_MS = 3_600_000;

/** How long to wait before asking again about a refund that the processor took on `sinceMs` ago: as long as it took so far. */
export function settlingDelayMs(sinceMs: number): number {
  return Math.min(Math.max(sinceMs, SETTLING_FIRST_MS), SETTLING_MAX_MS);
}

/** A reservation that cannot be made within half a minute is given up … */
const RESERVE_TRIES_MAX = 10;
/** … but what was reserved is confirmed or released for about a day, before a human must look. */
const SETTLE_TRIES_MAX = 2_900;

/** When to call the merchant again, for the `tries`-th time (from 1); null when it is given up. */
export function nextReservationTry(
  operation: ReservationOperation,
  tries: number,
  nowMs: number,
): { dueAtMs: number } | null {
  const max = operation === 'reserve' ? RESERVE_TRIES_MAX : SETTLE_TRIES_MAX;
  return tries > max ? null : { dueAtMs: nowMs + probeDelayMs(tries) };
}

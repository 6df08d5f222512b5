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
/** A processor that could not be asked may have the answer ready as soon as it is back. */
export const UNANSWERED_MAX_MS = 300_000;

/**
 * The next try to learn the end of what the processor took on, or what the buyer did, at `sinceMs`: after as long as it took so
 * far. Where nothing can be looked up the call itself is repeated, which does no harm while its key is safe; null when it is not.
 */
export function nextSettling(
  { lookUp, keySafeUntilMs }: Pick<Uncertain, 'lookUp' | 'keySafeUntilMs'>,
  sinceMs: number,
  nowMs: number,
  delayMaxMs: number = SETTLING_MAX_MS,
): { rung: Rung; dueAtMs: number } | null {
  const dueAtMs = nowMs + Math.min(Math.max(nowMs - sinceMs, SETTLING_FIRST_MS), delayMaxMs);
  if (lookUp) return { rung: 'look_up', dueAtMs };
  return dueAtMs < keySafeUntilMs ? { rung: 'resend', dueAtMs } : null;
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

import { fieldsOf, Refusal } from './json-http.js';

export const FAULT_MODES = [
  'none',
  'refuse',
  'blackhole',
  'error_500_before',
  'error_500_after',
  'timeout_before',
  'timeout_after',
  'slow',
] as const;

export type FaultMode = (typeof FAULT_MODES)[number];

export interface Faults {
  mode: FaultMode;
  /** Added to every answer, in every mode. */
  latencyMs: number;
  /** How probable it is that a call is hit; `refuse` and `blackhole` hit all of them. */
  rate: number;
}

export const NO_FAULTS: Faults = { mode: 'none', latencyMs: 0, rate: 1 };

/** `create` makes an unconfirmed charge and moves no money; `money` is everything that can move or release it. */
export type CallKind = 'create' | 'money' | 'look_up' | 'ping';

/** What happens to one call: `before` means that it is not executed, `after` that only its answer is lost. */
export interface CallPlan {
  before?: 'error' | 'hang';
  after?: 'error' | 'hang';
  latencyMs: number;
}

/** Reads `{ mode, latency_ms = 0, rate = 1 }`. */
export function parseFaults(body: unknown): Faults {
  const { mode, latency_ms = 0, rate = 1 } = fieldsOf(body, ['mode', 'latency_ms', 'rate']);
  const known = FAULT_MODES.find((each) => each === mode);
  if (known === undefined) {
    throw new Refusal(400, 'validation_failed', `mode must be one of ${FAULT_MODES.join(', ')}.`);
  }
  if (typeof latency_ms !== 'number' || !(latency_ms >= 0 && latency_ms <= 3_600_000)) {
    throw new Refusal(400, 'validation_failed', 'latency_ms must be a number from 0 to 3600000.');
  }
  if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1)) {
    throw new Refusal(400, 'validation_failed', 'rate must be a number from 0 to 1.');
  }
  return { mode: known, latencyMs: latency_ms, rate };
}

export const faultsToWire = ({ mode, latencyMs, rate }: Faults) => ({
  mode,
  latency_ms: latencyMs,
  rate,
});

/** Decides the fate of one call. `dice` gives a number from 0 up to, not including, 1. */
export function planCall(faults: Faults, kind: CallKind, dice: () => number): CallPlan {
  const { mode, latencyMs, rate } = faults;
  if (mode === 'blackhole' || mode === 'refuse') return { before: 'hang', latencyMs };
  if (mode === 'none' || mode === 'slow') {
    // A latency without the mode `slow` belongs to every call; with it, the rate decides.
    return { latencyMs: mode === 'none' || dice() < rate ? latencyMs : 0 };
  }
  const exposed = kind === 'money' || kind === 'look_up';
  if (!exposed || dice() >= rate) return { latencyMs };
  const harm = mode.startsWith('error') ? 'error' : 'hang';
  return mode.endsWith('before') ? { before: harm, latencyMs } : { after: harm, latencyMs };
}

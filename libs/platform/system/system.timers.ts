import { Timers } from '../platform.port.js';

/** Beyond this, Node fires after one millisecond. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export class SystemTimers extends Timers {
  after(delayMs: number, fire: () => void): () => void {
    const timer = setTimeout(fire, Math.min(delayMs, DELAY_MS_MAX));
    return () => clearTimeout(timer);
  }
}

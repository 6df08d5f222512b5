import { Clock, type EpochMs } from '../platform.port.js';

export class SystemClock extends Clock {
  now(): EpochMs {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }
}

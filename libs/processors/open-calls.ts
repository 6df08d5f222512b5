import type { Timers } from '#platform';

/** Stands for an answer that did not come in time. */
export const LATE = Symbol('late');

export interface OpenCall<T> {
  /** The answer, or `LATE` at the soft deadline. */
  first: Promise<T | typeof LATE>;
  /** The answer, whenever it comes. */
  settled: Promise<T>;
}

/** Calls under way, each with a soft deadline for its caller and a hard one for its connection. */
export class OpenCalls {
  private readonly aborts = new Set<() => void>();

  constructor(private readonly timers: Timers) {}

  /** Starts `run`; a `run` that throws answers `failed`. Aborted at the hard deadline, or at the soft one if that is later. */
  start<T>(
    run: (signal: AbortSignal) => Promise<T>,
    failed: T,
    softMs: number,
    hardMs: number,
  ): OpenCall<T> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    this.aborts.add(abort);
    let cancel = () => {};
    const late = new Promise<typeof LATE>((resolve) => {
      cancel = this.timers.after(softMs, () => {
        resolve(LATE);
        if (hardMs > softMs) cancel = this.timers.after(hardMs - softMs, abort);
        else abort();
      });
    });
    const settled = (async () => run(controller.signal))()
      .catch(() => failed)
      .finally(() => {
        cancel();
        this.aborts.delete(abort);
      });
    return { first: Promise.race([settled, late]), settled };
  }

  abortAll(): void {
    for (const abort of this.aborts) abort();
  }
}

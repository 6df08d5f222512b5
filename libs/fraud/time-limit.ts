import type { Timers } from '#platform';

/**
 * The result of `call`, or a rejection after `timeoutMs`; then the signal given to `call` is aborted, and what the call still
 * does is ignored.
 */
export async function withinTimeLimit<T>(
  timers: Timers,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let cancel = (): void => undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    cancel = timers.after(timeoutMs, () => {
      const error = new Error(`no answer within ${timeoutMs} ms`);
      reject(error);
      controller.abort(error);
    });
  });
  try {
    return await Promise.race([limit, call(controller.signal)]);
  } finally {
    cancel();
  }
}

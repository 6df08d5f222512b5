import type { Timers } from '#platform';
import { CallError } from './call.error.js';

/** @throws CallError when there is no answer in time; what comes later is nobody's business any more */
export function answerWithin<T>(timers: Timers, timeMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(timeMs, () =>
      reject(new CallError('deadline-exceeded', `no answer within ${Math.ceil(timeMs)} ms`)),
    );
    void answer.then(resolve, reject).finally(cancel);
  });
}

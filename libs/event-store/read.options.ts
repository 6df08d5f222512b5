import type { LogFilter, LogRead, RecordedEvent, StreamRead } from './event-store.port.js';

const LIMIT_MAX = 500;

/** @throws RangeError */
export function checkedStreamRead(options: StreamRead): Required<Omit<StreamRead, 'from'>> & {
  from: number;
} {
  const direction = options.direction ?? 'forward';
  const from = options.from ?? (direction === 'forward' ? 0 : Number.MAX_SAFE_INTEGER);
  if (!Number.isSafeInteger(from) || from < 0) throw new RangeError('from is an integer from 0');
  return { direction, from, limit: checkedLimit(options.limit) };
}

/** @throws RangeError */
export function checkedLogRead({ after, limit, filter }: LogRead): LogRead & { limit: number } {
  if (!Number.isSafeInteger(after) || after < -1) throw new RangeError('after is a position or -1');
  return { after, limit: checkedLimit(limit), filter };
}

function checkedLimit(limit = LIMIT_MAX): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new RangeError(`limit is an integer from 1 to ${LIMIT_MAX}`);
  }
  return limit;
}

export function matches(
  { streamPrefixes, types }: LogFilter,
  event: Pick<RecordedEvent, 'stream' | 'type'>,
): boolean {
  if (types && !types.includes(event.type)) return false;
  return !streamPrefixes || streamPrefixes.some((prefix) => event.stream.startsWith(prefix));
}

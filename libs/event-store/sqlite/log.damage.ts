import { saysDamaged, sqliteCode } from '#sqlite';
import { LogDamagedError } from '../log-damaged.error.js';
import { headPathOf } from './log-head.file.js';

const SQLITE_CONSTRAINT = 19;

/** The error under its name when it says that the file is broken. */
export function asDamage(path: string, error: unknown): LogDamagedError | undefined {
  if (error instanceof LogDamagedError) return error;
  if (!(error instanceof Error)) return undefined;
  const isDamage = saysDamaged(error) || isOutOfRange(error) || contradicts(error);
  if (!isDamage) return undefined;
  return new LogDamagedError(path, 'its pages', error.message, { cause: error });
}

export function endsEarly(path: string, head: number, acknowledged: number): LogDamagedError {
  const expected =
    `position ${acknowledged} was acknowledged, but the last event has position ${head}; ` +
    `if an older copy was put in its place on purpose, delete ${headPathOf(path)}`;
  return new LogDamagedError(path, 'its end', expected);
}

/** Nothing of ours is a number that large. */
function isOutOfRange(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** The writer looks before it writes: a row that is there already cannot be, but where a look missed it. */
function contradicts(error: Error): boolean {
  return sqliteCode(error) === SQLITE_CONSTRAINT;
}

import type { JsonRecord } from '#domain';
import type { Page } from '#contracts';

/** The last row's place in the order of its list. */
export type Cursor = readonly (string | number)[];

/** The cursor is none of ours. */
export class InvalidCursorError extends Error {
  constructor() {
    super('invalid_cursor');
    this.name = 'InvalidCursorError';
  }
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** @throws InvalidCursorError unless it holds values of just these types */
export function decodeCursor(text: string, ...types: ('string' | 'number')[]): Cursor {
  const values = parsed(text);
  const isOurs =
    Array.isArray(values) &&
    values.length === types.length &&
    types.every((type, index) => typeof values[index] === type);
  if (!isOurs) throw new InvalidCursorError();
  return values as (string | number)[];
}

/** A page of `rows`, which hold one more than `limit` when there is a next page. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => Cursor,
  render: (row: Row) => JsonRecord,
): Page {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(cursorOf(last)) : null;
  return { data: shown.map(render), next_cursor: next };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

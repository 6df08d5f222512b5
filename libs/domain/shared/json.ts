export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonRecord = { readonly [key: string]: Json };

/**
 * Where two JSON values differ, as JSON pointers (RFC 6901), in the order of the first value's keys; empty when equal.
 * Equal means: the same canonical JSON (RFC 8785), so key order does not matter, `1.0` is `1`, `null` differs from
 * absent, and the order of arrays counts.
 */
export function differingPointers(
  left: Json | undefined,
  right: Json | undefined,
  at = '',
): string[] {
  if (left === right) return [];
  if (Array.isArray(left) && Array.isArray(right)) {
    const length = Math.max(left.length, right.length);
    return Array.from({ length }).flatMap((_, index) =>
      differingPointers(left[index], right[index], `${at}/${index}`),
    );
  }
  if (isRecord(left) && isRecord(right)) {
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    return [...keys].flatMap((key) =>
      differingPointers(own(left, key), own(right, key), `${at}/${escapePointer(key)}`),
    );
  }
  return [at];
}

function isRecord(value: Json | undefined): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(record: JsonRecord, key: string): Json | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

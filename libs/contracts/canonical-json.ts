import { createHash } from 'node:crypto';
import type { Json, JsonRecord } from '#domain';

/** Canonical JSON (RFC 8785): members by their names' UTF-16 code units, numbers and strings as ECMAScript writes them. */
export function canonicalJson(value: Json): string {
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** What an approval is bound to: SHA-256 over the request's canonical JSON, hex. */
export function requestFingerprint(request: JsonRecord): string {
  return createHash('sha256').update(canonicalJson(request)).digest('hex');
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

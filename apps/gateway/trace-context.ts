import type { Random } from '#platform';

/** W3C trace context: version, trace id, parent id, flags; a later version may add more after a hyphen. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-|$)/;

/** The caller's trace id, or a fresh one when there is none that is valid. */
export function traceIdOf(traceparent: string | string[] | undefined, random: Random): string {
  const given = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return given ?? random.bytes(16).toString('hex');
}

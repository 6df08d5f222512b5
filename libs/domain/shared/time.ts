/** Instants are RFC 3339 UTC strings in events and epoch milliseconds in arithmetic. */
export function toRfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function toEpochMs(rfc3339: string): number {
  return Date.parse(rfc3339);
}

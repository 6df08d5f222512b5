const LIMIT_DEFAULT = 20;

/** Which page of a list; the cursor is the read side's own and goes there as it came. */
export function pageOf({ limit, cursor }: { limit?: string; cursor?: string }): {
  limit: number;
  cursor: string | null;
} {
  return { limit: limit === undefined ? LIMIT_DEFAULT : Number(limit), cursor: cursor ?? null };
}

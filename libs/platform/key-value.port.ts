/**
 * Small texts under names, shared between processes. May lose what was written last, or everything: only what can be made again
 * belongs there.
 */
export abstract class KeyValueStore {
  /** Null when there is none. Rejects when the store is away. */
  abstract get(key: string): Promise<string | null>;
  /** Rejects when the store is away: then it may be written or not. */
  abstract put(key: string, value: string): Promise<void>;
}

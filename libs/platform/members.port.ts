/**
 * The processes of one kind that are alive, as far as this one knows. Two of them may disagree for a while: what is shared out by it
 * has to bear two owners, and none.
 */
export abstract class Members {
  /** This process's own name; no other's, not even that of its next life. */
  abstract readonly self: string;
  /** Sorted. With this process in it, once it has joined. */
  abstract alive(): readonly string[];
  /** Calls `changed` after each change; the returned function ends that. */
  abstract onChange(changed: () => void): () => void;
}

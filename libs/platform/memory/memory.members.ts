import { Members } from '../members.port.js';

/** Members as a test says. */
export class MemoryMembers extends Members {
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly self: string,
    private members: readonly string[] = [self],
  ) {
    super();
  }

  alive(): readonly string[] {
    return this.members;
  }

  onChange(changed: () => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  become(...members: string[]): void {
    this.members = members.toSorted();
    for (const changed of this.listeners) changed();
  }
}

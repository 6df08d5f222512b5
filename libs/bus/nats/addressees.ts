import type { NatsMembers } from './nats.members.js';

type Seen = Pick<NatsMembers, 'alive' | 'onChange'>;

/** To which process each request goes, of those that can answer it, and whether that one is still there. */
export class Addressees {
  private turn = 0;

  /**
   * `serving`: who answers a subject, as far as it is known. `belonging`: what is equal for requests that one process had better
   * answer all of; null where it does not matter which.
   */
  constructor(
    private readonly serving: (subject: string) => Seen | undefined,
    private readonly belonging: {
      keyOf: (subject: string, payload: unknown) => string | null;
      ownerOf: (key: string, members: readonly string[]) => string | undefined;
    },
  ) {}

  /** Null when nobody is known who could. */
  choose(subject: string, payload: unknown): string | null {
    const members = this.serving(subject)?.alive() ?? [];
    const { keyOf, ownerOf } = this.belonging;
    const key = keyOf(subject, payload);
    if (key !== null) return ownerOf(key, members) ?? null;
    this.turn += 1;
    return members[this.turn % members.length] ?? null;
  }

  /** Calls `gone` when that process is not there any more; the returned function ends that. */
  watch(subject: string, process: string, gone: () => void): () => void {
    const members = this.serving(subject);
    if (!members) return () => {};
    return members.onChange(() => {
      if (!members.alive().includes(process)) gone();
    });
  }
}

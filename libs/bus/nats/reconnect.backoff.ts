import type { Random } from '#platform';

const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * How long to wait before the next try: twice as long after each failure, up to 5 s, and anywhere in the upper half of that, so
 * that the clients of a server that comes back do not come all at once.
 */
export class ReconnectBackoff {
  private tries = 0;
  private current: number;

  constructor(private readonly random: Random) {
    this.current = this.draw();
  }

  get delayMs(): number {
    return this.current;
  }

  /** The new delay. */
  failed(): number {
    this.tries += 1;
    this.current = this.draw();
    return this.current;
  }

  succeeded(): void {
    this.tries = 0;
    this.current = this.draw();
  }

  private draw(): number {
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.tries, 16));
    const share = this.random.bytes(4).readUInt32BE() / 2 ** 32;
    return Math.round((longest * (1 + share)) / 2);
  }
}

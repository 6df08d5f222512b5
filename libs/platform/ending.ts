/**
 * The end of something that goes on for long, for those of its own steps that wait. Each wait leaves nothing behind: a race with a
 * promise that lasts would keep every answer until the end.
 */
export class Ending {
  private readonly waiting = new Set<() => void>();
  private over = false;

  get isOver(): boolean {
    return this.over;
  }

  end(): void {
    this.over = true;
    for (const wake of this.waiting) wake();
  }

  /** What the work comes to, or undefined as soon as it is all over. */
  async or<T>(work: Promise<T>): Promise<T | undefined> {
    let wake = (): void => undefined;
    const woken = new Promise<undefined>((resolve) => (wake = () => resolve(undefined)));
    if (this.over) wake();
    else this.waiting.add(wake);
    try {
      return await Promise.race([work, woken]);
    } finally {
      this.waiting.delete(wake);
    }
  }
}

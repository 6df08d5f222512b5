/** What happens by itself, in the order of time. Each kind lasts equally long, so each is a queue. */
export class DueTimes<Subject> {
  private readonly queues = new Map<string, { atMs: number; subject: Subject }[]>();

  add(kind: string, atMs: number, subject: Subject): void {
    const queue = this.queues.get(kind);
    if (queue) queue.push({ atMs, subject });
    else this.queues.set(kind, [{ atMs, subject }]);
  }

  /** When the next is due. */
  next(): number | undefined {
    const heads = [...this.queues.values()].flatMap((queue) => queue[0]?.atMs ?? []);
    return heads.length === 0 ? undefined : Math.min(...heads);
  }

  /** Everything that is due by now, once. */
  take(nowMs: number): Subject[] {
    return [...this.queues.values()].flatMap((queue) => {
      const later = queue.findIndex(({ atMs }) => atMs > nowMs);
      return queue.splice(0, later < 0 ? queue.length : later).map(({ subject }) => subject);
    });
  }
}

import { type Checkpoint, START } from '../checkpoint.js';
import { type DurableTimer, SagaStore } from '../saga-store.port.js';

/** For tests and simulation: hand the same one to the next life of a process. */
export class MemorySagaStore extends SagaStore {
  private checkpoint: Checkpoint = START;
  private readonly timers = new Map<string, DurableTimer>();

  loadCheckpoint(): Checkpoint {
    return this.checkpoint;
  }

  saveCheckpoint(checkpoint: Checkpoint): void {
    this.checkpoint = checkpoint;
  }

  addTimer(timer: DurableTimer): void {
    if (!this.timers.has(timer.event.id)) this.timers.set(timer.event.id, timer);
  }

  removeTimer(eventId: string): void {
    this.timers.delete(eventId);
  }

  timersDueBy(nowMs: number): DurableTimer[] {
    return [...this.timers.values()]
      .filter(({ dueAtMs }) => dueAtMs <= nowMs)
      .sort((a, b) => a.dueAtMs - b.dueAtMs);
  }

  nextDueAfter(nowMs: number): number | null {
    const later = [...this.timers.values()]
      .map(({ dueAtMs }) => dueAtMs)
      .filter((at) => at > nowMs);
    return later.length > 0 ? Math.min(...later) : null;
  }
}

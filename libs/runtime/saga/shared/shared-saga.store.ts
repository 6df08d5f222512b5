import { type EventStore, type RecordedEvent, StreamNotFoundError } from '#event-store';
import type { KeyValueStore } from '#platform';
import { type Checkpoint, START } from '../checkpoint.js';
import { type DurableTimer, SagaStore } from '../saga-store.port.js';

/** A timer without its event, which the log has. */
type SavedTimer = readonly [stream: string, revision: number, dueAtMs: number];

/** Timers whose events are read at the same time when a store is opened. */
const READ_AT_ONCE = 32;

/**
 * What the sagas remember, in memory and, soon after each change, in a key-value store for whoever takes over. The checkpoint
 * is written after the timers that it relies on. What is lost there brings back more than was open, and no less.
 */
export class SharedSagaStore extends SagaStore {
  private timersChanged = false;
  private checkpointChanged = false;
  private writing: Promise<void> | undefined;

  private constructor(
    private readonly values: KeyValueStore,
    private readonly name: string,
    private readonly onTrouble: (error: unknown) => void,
    private checkpoint: Checkpoint,
    private readonly timers: Map<string, DurableTimer>,
  ) {
    super();
  }

  /** `name`: of the share of the streams. Rejects when the key-value store or the log is away. */
  static async open(
    values: KeyValueStore,
    name: string,
    log: EventStore,
    onTrouble: (error: unknown) => void,
  ): Promise<SharedSagaStore> {
    // The other way round than they are written, so that the timers are never older than the checkpoint.
    const checkpoint = checkpointIn(await values.get(`${name}.checkpoint`));
    const timers = new Map<string, DurableTimer>();
    const isOfThisLog = checkpoint.scannedTo <= (await log.headPosition());
    if (!isOfThisLog || checkpoint.low < 0)
      return new SharedSagaStore(values, name, onTrouble, START, timers);
    const saved = timersIn(await values.get(`${name}.timers`));
    for (let first = 0; first < saved.length; first += READ_AT_ONCE) {
      const some = saved.slice(first, first + READ_AT_ONCE).map(async ([stream, at, dueAtMs]) => {
        const event = await eventAt(log, stream, at);
        if (event) timers.set(event.id, { event, dueAtMs });
      });
      await Promise.all(some);
    }
    return new SharedSagaStore(values, name, onTrouble, checkpoint, timers);
  }

  loadCheckpoint(): Checkpoint {
    return this.checkpoint;
  }

  saveCheckpoint(checkpoint: Checkpoint): void {
    this.checkpoint = checkpoint;
    this.checkpointChanged = true;
    this.writing ??= this.write();
  }

  addTimer(timer: DurableTimer): void {
    if (this.timers.has(timer.event.id)) return;
    this.timers.set(timer.event.id, timer);
    this.timersChanged = true;
  }

  removeTimer(eventId: string): void {
    if (!this.timers.delete(eventId)) return;
    this.timersChanged = true;
    this.writing ??= this.write();
  }

  timersDueBy(nowMs: number): DurableTimer[] {
    return [...this.timers.values()]
      .filter(({ dueAtMs }) => dueAtMs <= nowMs)
      .sort((a, b) => a.dueAtMs - b.dueAtMs);
  }

  nextDueAfter(nowMs: number): number | null {
    let next: number | null = null;
    for (const { dueAtMs } of this.timers.values())
      if (dueAtMs > nowMs && (next === null || dueAtMs < next)) next = dueAtMs;
    return next;
  }

  /** Resolves when everything was written, or could not be. */
  async close(): Promise<void> {
    await this.writing;
  }

  private async write(): Promise<void> {
    // What changes in the same breath, and while a write is on its way, goes with the next one.
    await Promise.resolve();
    try {
      while (this.checkpointChanged || this.timersChanged) await this.writeChanges();
    } catch (error) {
      // The next change tries again.
      this.timersChanged = true;
      this.checkpointChanged = true;
      this.onTrouble(error);
    }
    this.writing = undefined;
  }

  private async writeChanges(): Promise<void> {
    const checkpoint = this.checkpointChanged ? JSON.stringify(this.checkpoint) : null;
    this.checkpointChanged = false;
    if (this.timersChanged) {
      const saved = [...this.timers.values()].map(
        ({ event: { stream, revision }, dueAtMs }): SavedTimer => [stream, revision, dueAtMs],
      );
      this.timersChanged = false;
      await this.values.put(`${this.name}.timers`, JSON.stringify(saved));
    }
    if (checkpoint !== null) await this.values.put(`${this.name}.checkpoint`, checkpoint);
  }
}

/** Who cannot read it begins anew. */
function checkpointIn(text: string | null): Checkpoint {
  const { low, scannedTo, open } = (jsonIn(text) ?? {}) as Partial<Checkpoint>;
  const isOurs =
    isNumber(low) && isNumber(scannedTo) && Array.isArray(open) && open.every(isNumber);
  return isOurs ? { low, scannedTo, open } : START;
}

function timersIn(text: string | null): SavedTimer[] {
  const saved = jsonIn(text);
  return Array.isArray(saved) ? (saved as unknown[]).filter(isTimer) : [];
}

function isTimer(saved: unknown): saved is SavedTimer {
  const [stream, revision, dueAtMs] = Array.isArray(saved) ? (saved as unknown[]) : [];
  return typeof stream === 'string' && isNumber(revision) && isNumber(dueAtMs);
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function jsonIn(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

async function eventAt(
  log: EventStore,
  stream: string,
  revision: number,
): Promise<RecordedEvent | undefined> {
  try {
    return (await log.readStream(stream, { from: revision, limit: 1 }))[0];
  } catch (error) {
    if (error instanceof StreamNotFoundError) return undefined;
    throw error;
  }
}

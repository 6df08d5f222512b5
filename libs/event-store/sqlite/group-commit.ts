import type { Clock } from '#platform';
import { encodedBytes } from '../append.encoding.js';
import { type LogOutcome, type LogWrite, unavailable } from './log.write.js';

/** Whatever commits a batch and always answers with one outcome per write. */
export interface BatchWriter {
  commit(writes: readonly LogWrite[], recordedAtMs: number): Promise<LogOutcome[]>;
}

export interface CommittedBatch {
  writes: readonly LogWrite[];
  outcomes: readonly LogOutcome[];
  recordedAtMs: number;
}

export const GROUP_LIMITS = {
  batchWrites: 256,
  batchBytes: 4 * 1024 * 1024,
  waitingWrites: 16_384,
  waitingBytes: 64 * 1024 * 1024,
} as const;

interface Waiting {
  write: LogWrite;
  bytes: number;
  resolve: (outcome: LogOutcome) => void;
}

/** Gathers what is written while a commit is in flight and commits it together: one sync of the disk for all of it. */
export class GroupCommit {
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private draining: Promise<void> | undefined;

  constructor(
    private readonly writer: BatchWriter,
    private readonly clock: Clock,
    /** Called with each batch before its writes are answered. */
    private readonly onCommitted: (batch: CommittedBatch) => void,
  ) {}

  submit(write: LogWrite): Promise<LogOutcome> {
    const bytes = write.kind === 'append' ? encodedBytes(write.events) : 0;
    const full =
      this.waiting.length >= GROUP_LIMITS.waitingWrites ||
      this.waitingBytes + bytes > GROUP_LIMITS.waitingBytes;
    if (full) return Promise.resolve(unavailable('not_applied', 'too many appends are waiting'));

    this.waitingBytes += bytes;
    return new Promise((resolve) => {
      this.waiting.push({ write, bytes, resolve });
      this.draining ??= this.drain();
    });
  }

  /** Resolves when everything submitted so far was answered. */
  async idle(): Promise<void> {
    await this.draining;
  }

  private async drain(): Promise<void> {
    // Whoever else appends in this turn comes along.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.takeBatch();
      const writes = batch.map(({ write }) => write);
      const recordedAtMs = this.clock.now();
      const outcomes = await this.writer.commit(writes, recordedAtMs);
      this.onCommitted({ writes, outcomes, recordedAtMs });
      const unanswered = unavailable('unknown', 'the writer left out an answer');
      batch.forEach(({ resolve }, index) => resolve(outcomes[index] ?? unanswered));
      // Those who were answered append again before the next batch leaves.
      await Promise.resolve();
    }
    this.draining = undefined;
  }

  private takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const next of this.waiting) {
      if (count === GROUP_LIMITS.batchWrites || bytes > GROUP_LIMITS.batchBytes) break;
      bytes += next.bytes;
      count++;
    }
    this.waitingBytes -= bytes;
    return this.waiting.splice(0, count);
  }
}

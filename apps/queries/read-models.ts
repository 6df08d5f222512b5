import type { EventStore } from '#event-store';
import type { ProjectionRuntime, ReadModelReader } from '#runtime/projection';

/** How long an answer waits for the read models to have what the log has. */
const WAIT_MS = 2_000;

/** The read models are too far behind to promise that a caller's own writes are in them: ask again later. */
export class ReadModelsBehindError extends Error {
  constructor(position: number, head: number) {
    super(`the read models are at position ${position}, the log at ${head}`);
    this.name = 'ReadModelsBehindError';
  }
}

/** The read models as they are, or with everything that was in the log when they were asked for. */
export class ReadModels {
  constructor(
    private readonly store: Pick<EventStore, 'headPosition'>,
    private readonly runtime: ProjectionRuntime,
  ) {}

  now(): ReadModelReader {
    return this.runtime.reader;
  }

  /** @throws ReadModelsBehindError after 2 s, StoreUnavailableError */
  async fresh(): Promise<ReadModelReader> {
    const head = await this.store.headPosition();
    if (!(await this.runtime.caughtUpTo(head, WAIT_MS)))
      throw new ReadModelsBehindError(this.runtime.position(), head);
    return this.runtime.reader;
  }

  /** As soon as they have more than they had at a position of the log, or after a while; with how far they are then. */
  async after(
    position: number,
    waitMs: number,
  ): Promise<{ db: ReadModelReader; position: number }> {
    await this.runtime.caughtUpTo(position + 1, waitMs);
    return { db: this.runtime.reader, position: this.runtime.position() };
  }

  position(): number {
    return this.runtime.position();
  }
}

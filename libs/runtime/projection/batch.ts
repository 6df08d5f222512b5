import type { RecordedEvent } from '#event-store';
import { type Checkpoints, advance } from './checkpoints.js';
import type { Projection, ProjectionFailure } from './projection.js';
import { recordFailure } from './projection-failures.js';
import type { ReadModelDatabase } from './read-model.database.js';
import { isStorageError } from './storage-error.js';

/**
 * Projects events and moves every checkpoint to `scannedTo`, in one transaction: rows and checkpoint are never apart. What
 * a projection has already (at or below its checkpoint) is skipped. Answers the events that could not be digested.
 * @throws when the file cannot be written; then nothing was
 */
export function projectBatch(
  db: ReadModelDatabase,
  projections: readonly Projection[],
  positions: Checkpoints,
  events: readonly RecordedEvent[],
  scannedTo: number,
): ProjectionFailure[] {
  const steps = (each: (projection: Projection, event: RecordedEvent) => void) =>
    db.transaction(() => {
      for (const event of events)
        for (const projection of projections)
          if (event.position > (positions.get(projection.name) ?? -1)) each(projection, event);
      advance(db, scannedTo);
    });
  try {
    steps((projection, event) => projection.project(db, event));
    return [];
  } catch (error) {
    if (isStorageError(error)) throw error;
  }
  // One of them is poison: again, with each step on its own.
  const failures: ProjectionFailure[] = [];
  steps((projection, event) => {
    try {
      db.savepoint(() => projection.project(db, event));
    } catch (error) {
      if (isStorageError(error)) throw error;
      failures.push(recordFailure(db, projection.name, event, error));
    }
  });
  return failures;
}

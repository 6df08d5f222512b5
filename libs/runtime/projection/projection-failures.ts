import type { RecordedEvent } from '#event-store';
import type { ProjectionFailure, ReadModelReader, ReadModelWriter } from './projection.js';

const ERROR_MAX = 500;

/** Inside the transaction that goes on without the event. */
export function recordFailure(
  db: ReadModelWriter,
  projection: string,
  { id: event, type: eventType, stream, position, recordedAt }: RecordedEvent,
  cause: unknown,
): ProjectionFailure {
  const error = String(cause).slice(0, ERROR_MAX);
  db.run(
    `INSERT INTO projection_failures (projection, position, event, event_type, stream, error, recorded_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    projection,
    position,
    event,
    eventType,
    stream,
    error,
    recordedAt,
  );
  return { projection, event, eventType, stream, position, error, recordedAt };
}

export function failures(db: ReadModelReader): ProjectionFailure[] {
  return db.all<ProjectionFailure>(
    `SELECT projection, event, event_type AS eventType, stream, position, error, recorded_at AS recordedAt
     FROM projection_failures ORDER BY position, projection`,
  );
}

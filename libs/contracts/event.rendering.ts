import type { JsonRecord } from '#domain';

/** An event as the log recorded it. */
export interface StreamEvent {
  readonly id: string;
  readonly type: string;
  readonly revision: number;
  readonly position: number;
  readonly recordedAt: string;
  readonly data: JsonRecord;
  readonly metadata: JsonRecord;
}

/** An event of `GET …/events`: its data and metadata are the log's own, so that a reader can replay them. */
export function renderEvent({
  id,
  type,
  revision,
  position,
  recordedAt,
  data,
  metadata,
}: StreamEvent): JsonRecord {
  return { id, type, revision, position, recorded_at: recordedAt, data, metadata };
}

import type { RecordedEvent } from '#event-store';
import type { SqlValue } from '#sqlite';

/** Questions to the read models. Values are bound in order to the `?` of the statement. */
export interface ReadModelReader {
  get<Row extends object>(sql: string, ...values: SqlValue[]): Row | undefined;
  all<Row extends object>(sql: string, ...values: SqlValue[]): Row[];
}

export interface ReadModelWriter extends ReadModelReader {
  /** Answers how many rows were changed. */
  run(sql: string, ...values: SqlValue[]): number;
}

/** Answers kept ready for one kind of question: rows made of nothing but events, so that a rebuild gives the same rows. */
export interface Projection {
  /** Snake case, unique. */
  readonly name: string;
  /** From 1. Another number than the file's: the tables are dropped and filled again from the log. */
  readonly version: number;
  /** DDL of its tables and indexes. */
  readonly tables: string;
  /** Called once per event, in log order, inside a transaction; ignores what it does not know. Looks at no clock. */
  project(db: ReadModelWriter, event: RecordedEvent): void;
}

/** An event that a projection could not digest. The projection went on without it. */
export interface ProjectionFailure {
  projection: string;
  /** Id, type, stream and log position of the event. */
  event: string;
  eventType: string;
  stream: string;
  position: number;
  error: string;
  recordedAt: string;
}

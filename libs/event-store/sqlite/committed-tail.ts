import type { LogFilter, LogPage, RecordedEvent } from '../event-store.port.js';
import { matches } from '../read.options.js';
import { type EventRow, toRecordedEvent } from './log.file.js';

const LIMITS = { events: 4_096, bytes: 8 * 1024 * 1024 } as const;
const PAGE_EVENTS = 500;

interface Entry {
  row: EventRow;
  event?: RecordedEvent;
}

/**
 * The end of the log, in memory, so that subscribers who keep up read nothing from the disk. Bounded: who falls behind
 * its beginning reads the file. An event is parsed when the first subscriber wants it, once for all.
 */
export class CommittedTail {
  private entries: Entry[] = [];
  private bytes = 0;

  /** Rows directly after the last one pushed, in order. */
  push(rows: readonly EventRow[]): void {
    for (const row of rows) {
      this.entries.push({ row });
      this.bytes += row.data.length + row.metadata.length;
    }
    let surplus = 0;
    while (
      this.entries.length - surplus > LIMITS.events ||
      (this.bytes > LIMITS.bytes && surplus < this.entries.length)
    ) {
      const { row } = this.entries[surplus++]!;
      this.bytes -= row.data.length + row.metadata.length;
    }
    if (surplus > 0) this.entries.splice(0, surplus);
  }

  /** Forgets everything: something may have been committed that was not pushed. */
  clear(): void {
    this.entries = [];
    this.bytes = 0;
  }

  /** What follows `after`, or undefined when that is not all here. */
  page(after: number, filter: LogFilter): LogPage | undefined {
    const first = this.entries[0]?.row.position;
    if (first === undefined || after < first - 1) return undefined;

    const events: RecordedEvent[] = [];
    let scannedTo = after;
    // Positions are dense, so the index follows from the position.
    for (let index = after - first + 1; index < this.entries.length; index++) {
      const entry = this.entries[index]!;
      if (events.length === PAGE_EVENTS) break;
      scannedTo = entry.row.position;
      if (matches(filter, entry.row)) events.push((entry.event ??= toRecordedEvent(entry.row)));
    }
    return { events, scannedTo };
  }
}

import type { EncodedEvent } from '../append.encoding.js';
import type { StreamState } from '../append.rule.js';
import type { RecordedEvent } from '../event-store.port.js';

interface MemoryStream {
  events: RecordedEvent[];
  truncatedBefore: number;
  status: StreamState['status'];
}

/** Positions leave gaps, so that nobody comes to rely on their density. */
const POSITION_STEP = 3;

/** What a disk would hold. Hand it to another store to restart on it. */
export class MemoryLog {
  readonly events: RecordedEvent[] = [];
  private readonly streams = new Map<string, MemoryStream>();

  get head(): number {
    return this.events.at(-1)?.position ?? -1;
  }

  /** The stream, which comes into being here if need be. */
  stream(name: string): MemoryStream {
    let stream = this.streams.get(name);
    if (!stream) {
      stream = { events: [], truncatedBefore: 0, status: 'live' };
      this.streams.set(name, stream);
    }
    return stream;
  }

  add(name: string, { id, type, data, metadata }: EncodedEvent, recordedAtMs: number): void {
    const stream = this.stream(name);
    const event: RecordedEvent = {
      stream: name,
      revision: stream.events.length,
      position: this.events.length * POSITION_STEP,
      id,
      type,
      data: JSON.parse(data) as RecordedEvent['data'],
      metadata: JSON.parse(metadata) as RecordedEvent['metadata'],
      recordedAt: new Date(recordedAtMs).toISOString(),
    };
    stream.events.push(event);
    this.events.push(event);
  }

  /** @throws RangeError for what is neither -1 nor the position of an event */
  assertGivenOut(position: number): void {
    if (position !== -1 && this.events[position / POSITION_STEP] === undefined) {
      throw new RangeError(`${position} is no position of this log`);
    }
  }

  /** Index in `events` of the first one behind a position. */
  indexAfter(position: number): number {
    return Math.floor(position / POSITION_STEP) + 1;
  }
}

import {
  type LogPage,
  type LogRead,
  type RecordedEvent,
  StoreUnavailableError,
  StreamDeletedError,
  StreamNotFoundError,
  type StreamRead,
} from '../event-store.port.js';
import { LogDamagedError } from '../log-damaged.error.js';
import { checkedLogRead, checkedStreamRead, matches } from '../read.options.js';
import type { CallAttempts } from './call.attempts.js';
import { failureOf } from './call.failure.js';
import type { LogRange, RecordSource, ServerRecord, StreamRange } from './record.source.js';
import { placeAt, positionOf, toRecordedEvent } from './recorded-event.js';

const PAGE_MAX = 500;
/** A filtered read that finds little reports how far it came after this many pages. */
const PAGES_MAX = 8;
/** Where the log ends there are few records of the server's own, as a rule. */
const TAIL_PAGE = 16;

/** Reads in bounded pages, each of them as often as it takes. */
export class LogReader {
  constructor(
    private readonly records: RecordSource,
    private readonly attempts: CallAttempts,
  ) {}

  /** @throws StreamNotFoundError, StreamDeletedError, StoreUnavailableError, LogDamagedError, RangeError */
  async readStream(stream: string, options: StreamRead): Promise<RecordedEvent[]> {
    const { direction, from, limit } = checkedStreamRead(options);
    const isForward = direction === 'forward';
    const range: StreamRange = {
      direction: isForward ? 'forwards' : 'backwards',
      fromRevision: !isForward && options.from === undefined ? 'end' : BigInt(from),
      maxCount: limit,
    };
    const records = await this.answered(stream, (timeMs) =>
      this.records.ofStream(stream, range, timeMs),
    );
    return records.map((record) => {
      const place = `${stream}, revision ${record.revision}`;
      const event = toRecordedEvent(record);
      if (!event) throw new LogDamagedError('the event log', place, 'it is no event of ours');
      return event;
    });
  }

  /** @throws StoreUnavailableError, RangeError */
  async readAll(options: LogRead): Promise<LogPage> {
    const { after, limit, filter } = checkedLogRead(options);
    const events: RecordedEvent[] = [];
    let scannedTo = after;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      // The server begins with the record at the position itself.
      const wanted = filter ? PAGE_MAX : Math.min(limit - events.length + 1, PAGE_MAX);
      const records = await this.forwardFrom(scannedTo, wanted);
      for (const record of records) {
        if (events.length === limit) return { events, scannedTo };
        if (positionOf(record) <= scannedTo) continue;
        scannedTo = positionOf(record);
        const event = toRecordedEvent(record);
        if (event && matches(filter ?? {}, event)) events.push(event);
      }
      if (records.length < wanted) break;
    }
    return { events, scannedTo };
  }

  /** Position of the last event that is not the server's own, -1 when there is none. @throws StoreUnavailableError */
  async headPosition(): Promise<number> {
    let before: number | undefined;
    for (let size = TAIL_PAGE; ; size = PAGE_MAX) {
      const records = await this.backwardFrom(before, size);
      const last = records.find(({ streamId }) => !streamId.startsWith('$'));
      if (last) return positionOf(last);
      const oldest = records.at(-1);
      if (!oldest || records.length < size) return -1;
      before = positionOf(oldest);
    }
  }

  /** Position of the last record before a place in the log, -1 when there is none. @throws StoreUnavailableError */
  async lastBefore(place: number): Promise<number> {
    const [record] = await this.backwardFrom(place, 1);
    return record ? positionOf(record) : -1;
  }

  private forwardFrom(position: number, maxCount: number): Promise<ServerRecord[]> {
    const fromPosition = position < 0 ? 'start' : placeAt(position);
    return this.page({ direction: 'forwards', fromPosition, maxCount });
  }

  /** Without the record that begins there. */
  private backwardFrom(position: number | undefined, maxCount: number): Promise<ServerRecord[]> {
    const fromPosition = position === undefined ? 'end' : placeAt(position);
    return this.page({ direction: 'backwards', fromPosition, maxCount });
  }

  private page(range: LogRange): Promise<ServerRecord[]> {
    return this.answered('$all', (timeMs) => this.records.ofLog(range, timeMs));
  }

  private async answered<T>(stream: string, read: (timeMs: number) => Promise<T>): Promise<T> {
    try {
      return await this.attempts.until((time) => read(time.attemptMs()));
    } catch (error) {
      const { kind } = failureOf(error);
      if (kind === 'stream_missing') throw new StreamNotFoundError(stream);
      if (kind === 'stream_deleted') throw new StreamDeletedError(stream);
      if (kind === 'invalid_position') {
        throw new RangeError('a position that the log did not give out', { cause: error });
      }
      throw new StoreUnavailableError('not_applied', 'the event log cannot be read', {
        cause: error,
      });
    }
  }
}

/** What the test server keeps, in memory: streams, the log they lie in, and EventStoreDB's rule for appends. */

export interface ProposedEvent {
  id: string;
  type: string;
  contentType: string;
  data: Uint8Array;
  metadata: Uint8Array;
}

export interface StoredEvent extends ProposedEvent {
  stream: string;
  revision: number;
  /** Byte offset, as in the real log: unique and increasing, with gaps. */
  position: number;
  createdMs: number;
}

/** A number is a revision. */
export type ExpectedRevision = number | 'no_stream' | 'any' | 'stream_exists';

export type AppendVerdict =
  | { kind: 'success'; revision: number; position: number }
  | { kind: 'wrong_expected_version'; current: number }
  | { kind: 'stream_deleted' };

interface ServerStream {
  events: StoredEvent[];
  isTombstoned: boolean;
}

interface StreamMetadata {
  $tb?: number;
  $maxCount?: number;
}

const RECORD_BYTES = 97;
/** `$tb` of a stream that was deleted softly: the largest 64-bit integer, as far as a double can tell. */
const DELETED = 2 ** 63;
/** So often the server writes something of its own. */
const STATISTICS_EVERY = 5;

export class ServerLog {
  readonly records: StoredEvent[] = [];
  /** Where the next record will begin. */
  end = 0;
  private readonly streams = new Map<string, ServerStream>();
  private readonly listeners = new Set<() => void>();
  /** Which ids were appended lately; lost with a restart. */
  private recent = new Map<string, StoredEvent>();
  private appends = 0;

  constructor() {
    this.writeOwn('$settings', '$settings', {});
  }

  append(
    stream: string,
    expected: ExpectedRevision,
    proposed: readonly ProposedEvent[],
  ): AppendVerdict {
    const { events, isTombstoned } = this.stream(stream);
    if (isTombstoned) return { kind: 'stream_deleted' };
    const head = events.length - 1;
    const isDeleted = this.isSoftlyDeleted(stream);
    const conflict: AppendVerdict = { kind: 'wrong_expected_version', current: head };

    if (expected === 'stream_exists' && (head < 0 || isDeleted)) return conflict;
    if (expected === 'any' || expected === 'stream_exists') {
      const known = proposed.map(({ id }) => this.recent.get(`${stream} ${id}`));
      const last = known.at(-1);
      if (known.every(Boolean) && last) return successOf(last);
      return this.write(stream, proposed);
    }

    const after = expected === 'no_stream' ? -1 : expected;
    if (after > head) return conflict;
    if (after === head) return this.write(stream, proposed);
    const equal = proposed.filter(({ id }, index) => events[after + 1 + index]?.id === id).length;
    const last = events[after + proposed.length];
    if (equal === proposed.length && last) return successOf(last);
    const isFirstOther = events[after + 1]?.id !== proposed[0]?.id;
    const startsAnew = expected === 'no_stream' && isDeleted && isFirstOther;
    return startsAnew ? this.write(stream, proposed) : conflict;
  }

  softDelete(stream: string): AppendVerdict {
    if (this.stream(stream).isTombstoned) return { kind: 'stream_deleted' };
    return successOf(this.writeOwn(`$$${stream}`, '$metadata', { $tb: DELETED }));
  }

  tombstone(stream: string): AppendVerdict {
    const target = this.stream(stream);
    if (target.isTombstoned) return { kind: 'stream_deleted' };
    target.isTombstoned = true;
    this.stream(`$$${stream}`).isTombstoned = true;
    return { kind: 'success', revision: target.events.length, position: this.end };
  }

  /** What of a stream can be read; or why nothing can. */
  visible(stream: string): StoredEvent[] | 'not_found' | 'deleted' {
    const { events, isTombstoned } = this.stream(stream);
    if (isTombstoned) return 'deleted';
    if (events.length === 0 || this.isSoftlyDeleted(stream)) return 'not_found';
    const { $tb = 0, $maxCount = events.length } = this.metadataOf(stream);
    return events.slice(Math.max($tb, events.length - $maxCount));
  }

  /** Index of the first record that begins there or later. Undefined when no record does or could begin there. */
  indexAt(position: number): number | undefined {
    let [low, high] = [0, this.records.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.records[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    return (this.records[low]?.position ?? this.end) === position ? low : undefined;
  }

  onAppended(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  restart(): void {
    this.recent = new Map();
  }

  private write(stream: string, proposed: readonly ProposedEvent[]): AppendVerdict {
    const head = this.stream(stream).events.length - 1;
    if (this.isSoftlyDeleted(stream)) {
      this.writeOwn(`$$${stream}`, '$metadata', { $tb: head + 1 });
    }
    const stored = proposed.map((event) => this.store(stream, event));
    if (++this.appends % STATISTICS_EVERY === 0) {
      this.writeOwn('$stats-127.0.0.1', '$statsCollected', { appends: this.appends });
    }
    for (const listener of this.listeners) listener();
    return successOf(stored.at(-1)!);
  }

  private writeOwn(stream: string, type: string, value: object): StoredEvent {
    const data = Buffer.from(JSON.stringify(value));
    const id = `00000000-0000-0000-0000-${`${this.records.length}`.padStart(12, '0')}`;
    const event = { id, type, contentType: 'application/json', data, metadata: Buffer.alloc(0) };
    return this.store(stream, event);
  }

  private store(stream: string, event: ProposedEvent): StoredEvent {
    const { events } = this.stream(stream);
    const position = this.end;
    const stored = { ...event, stream, revision: events.length, position, createdMs: Date.now() };
    events.push(stored);
    this.records.push(stored);
    this.recent.set(`${stream} ${event.id}`, stored);
    this.end += RECORD_BYTES + stream.length + event.data.length + event.metadata.length;
    return stored;
  }

  private isSoftlyDeleted(stream: string): boolean {
    return (this.metadataOf(stream).$tb ?? 0) >= DELETED;
  }

  private metadataOf(stream: string): StreamMetadata {
    const last = this.streams.get(`$$${stream}`)?.events.at(-1);
    return last ? (JSON.parse(Buffer.from(last.data).toString()) as StreamMetadata) : {};
  }

  private stream(name: string): ServerStream {
    let stream = this.streams.get(name);
    if (!stream) this.streams.set(name, (stream = { events: [], isTombstoned: false }));
    return stream;
  }
}

function successOf({ revision, position }: StoredEvent): AppendVerdict {
  return { kind: 'success', revision, position };
}

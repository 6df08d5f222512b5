import type {
  AllStreamResolvedEvent,
  Direction,
  Position,
  ReadPosition,
  ReadRevision,
  ResolvedEvent,
  StreamingRead,
} from '@eventstore/db-client';
import type { Timers } from '#platform';
import { answerWithin } from './call.deadline.js';
import type { ServerConnection } from './server.connection.js';

/** An event as the client gives it, of whoever wrote it. */
export interface ServerRecord {
  streamId: string;
  revision: bigint;
  position?: Position;
  id: string;
  type: string;
  isJson: boolean;
  data: unknown;
  metadata?: unknown;
  created: Date;
}

/** Inclusive forwards; backwards, `fromPosition` is exclusive. */
export interface StreamRange {
  direction: Direction;
  fromRevision: ReadRevision;
  maxCount: number;
}

export interface LogRange {
  direction: Direction;
  fromPosition: ReadPosition;
  maxCount: number;
}

/**
 * One read of the server, asked of the leader: what was answered to an append can be read right away. Throws what the client
 * throws.
 */
export class RecordSource {
  constructor(
    private readonly connection: ServerConnection,
    private readonly timers: Timers,
  ) {}

  ofStream(stream: string, range: StreamRange, timeMs: number): Promise<ServerRecord[]> {
    const { client, credentials } = this.connection;
    const options = { ...range, credentials, requiresLeader: true };
    return this.drained<ResolvedEvent>(client.readStream(stream, options), timeMs);
  }

  ofLog(range: LogRange, timeMs: number): Promise<ServerRecord[]> {
    const { client, credentials } = this.connection;
    const options = { ...range, credentials, requiresLeader: true };
    return this.drained<AllStreamResolvedEvent>(client.readAll(options), timeMs);
  }

  /**
   * A read that is not drained to its end keeps its call open at the server until it is cancelled, and a connection has
   * room for a hundred.
   */
  private async drained<T extends { event?: ServerRecord }>(
    read: StreamingRead<T>,
    timeMs: number,
  ): Promise<ServerRecord[]> {
    // The call may fail when nobody reads any more, and an error without a listener ends the process.
    read.on('error', () => {});
    try {
      return await answerWithin(this.timers, timeMs, recordsOf(read));
    } finally {
      if (!read.readableEnded) {
        read.cancel().catch(() => {});
        read.destroy();
      }
    }
  }
}

async function recordsOf<T extends { event?: ServerRecord }>(
  read: StreamingRead<T>,
): Promise<ServerRecord[]> {
  const records: ServerRecord[] = [];
  for await (const { event } of read) if (event) records.push(event);
  return records;
}
